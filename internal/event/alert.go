package event

import vigiav1 "github.com/vigia-cx/vigia/proto/vigia/v1"

// Alert is the newest state of one incident, in the compacted topic of alerts. Instants are Unix ms.
type Alert struct {
	Tenant, Incident string
	Revision         uint64
	Type, Severity   string
	Labels           map[string]string
	StartsAt, EndsAt int64
	DueAt            int64
	Delivered        []AlertDelivery
	State            []byte // in the alerter's own encoding
}

// AlertDelivery is what one receiver was told last.
type AlertDelivery struct {
	Receiver string
	Revision uint64
	Type     string
	At       int64
}

// AlertProgress says up to where signals are folded into the alerts that stand before it in the same partition.
type AlertProgress struct {
	Shard    int32
	At       int64
	Position string // of the shard's state
	State    []byte // in the alerter's own encoding
}

// Acknowledgement says that somebody looks after an incident.
type Acknowledgement struct {
	Tenant, Incident, By string
	At                   int64
}

// Silence keeps alerts whose labels match from being told. One that ends before it begins is taken back.
type Silence struct {
	Tenant, ID, Author, Reason string
	StartsAt, EndsAt           int64
	Matchers                   []SilenceMatcher
}

// SilenceMatcher compares one label with a value, or with a regular expression that the whole value must match.
type SilenceMatcher struct {
	Name, Value     string
	Regex, Negative bool
}

// Key types of the topics of signals and alerts, beside those of the interactions topic.
const (
	keyIncident = 'i'
	keySilence  = 's'
)

// IncidentKey is the key of what is said about one incident.
func IncidentKey(tenant, incident string) string { return typedKey(tenant, keyIncident, incident) }

// SilenceKey is the key of a silence.
func SilenceKey(tenant, id string) string { return typedKey(tenant, keySilence, id) }

func (Alert) recordType() string           { return "vigia.alert.v1" }
func (AlertProgress) recordType() string   { return "vigia.alert_progress.v1" }
func (Acknowledgement) recordType() string { return "vigia.acknowledgement.v1" }
func (Silence) recordType() string         { return "vigia.silence.v1" }

func alertFrom(a *vigiav1.Alert) Alert {
	out := Alert{
		Tenant: a.GetTenant(), Incident: a.GetIncident(), Revision: a.GetRevision(), Type: a.GetType(), Severity: a.GetSeverity(), Labels: a.GetLabels(),
		StartsAt: a.GetStartsAt(), EndsAt: a.GetEndsAt(), DueAt: a.GetDueAt(), State: a.GetState(),
	}
	for _, d := range a.GetDelivered() {
		out.Delivered = append(out.Delivered, AlertDelivery{d.GetReceiver(), d.GetRevision(), d.GetType(), d.GetAt()})
	}
	return out
}

func alertTo(a Alert) *vigiav1.Alert {
	m := &vigiav1.Alert{
		Tenant: a.Tenant, Incident: a.Incident, Revision: a.Revision, Type: a.Type, Severity: a.Severity, Labels: a.Labels,
		StartsAt: a.StartsAt, EndsAt: a.EndsAt, DueAt: a.DueAt, State: a.State,
	}
	for _, d := range a.Delivered {
		m.Delivered = append(m.Delivered, &vigiav1.AlertDelivery{Receiver: d.Receiver, Revision: d.Revision, Type: d.Type, At: d.At})
	}
	return m
}

func silenceFrom(s *vigiav1.Silence) Silence {
	out := Silence{Tenant: s.GetTenant(), ID: s.GetId(), Author: s.GetAuthor(), Reason: s.GetReason(), StartsAt: s.GetStartsAt(), EndsAt: s.GetEndsAt()}
	for _, m := range s.GetMatchers() {
		out.Matchers = append(out.Matchers, SilenceMatcher{m.GetName(), m.GetValue(), m.GetRegex(), m.GetNegative()})
	}
	return out
}

func silenceTo(s Silence) *vigiav1.Silence {
	m := &vigiav1.Silence{Tenant: s.Tenant, Id: s.ID, Author: s.Author, Reason: s.Reason, StartsAt: s.StartsAt, EndsAt: s.EndsAt}
	for _, x := range s.Matchers {
		m.Matchers = append(m.Matchers, &vigiav1.SilenceMatcher{Name: x.Name, Value: x.Value, Regex: x.Regex, Negative: x.Negative})
	}
	return m
}
