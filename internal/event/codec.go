package event

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	vigiav1 "github.com/vigia-cx/vigia/proto/vigia/v1"
)

// MaxRecordBytes is the largest record value that is accepted.
const MaxRecordBytes = 256 << 10

// Decode reads a record value. Every error is an [*Error] with a typed reason; garbage never panics. Who reads many should keep a [Decoder].
func Decode(value []byte) (Record, error) { return decodeWith(value, nil) }

// decode reads any record by way of the generated messages.
func decode(value []byte) (Record, error) {
	if len(value) > MaxRecordBytes {
		return Record{}, &Error{ReasonTooLarge, "", fmt.Sprintf("%d bytes, the limit is %d", len(value), MaxRecordBytes)}
	}
	var m vigiav1.Record
	if err := proto.Unmarshal(value, &m); err != nil {
		return Record{}, &Error{ReasonGarbage, "", "not a vigia.v1.Record: write with the published schema"}
	}
	r := Record{OutputID: m.OutputId}
	if s := m.Seq; s != nil {
		r.Seq = &Seq{Topic: s.Topic, Partition: s.Partition, LogLineage: s.LogLineage, Offset: s.Offset, Step: s.Step, Index: s.Index}
		if p := s.Prev; p != nil {
			r.Seq.Prev = PrevSeq{p.Offset, p.Step, p.Index, p.Restart}
		}
	}
	switch b := m.Record.(type) {
	case *vigiav1.Record_Event:
		e, err := FromProto(b.Event)
		if err != nil {
			return Record{}, err
		}
		if err := e.Validate(); err != nil {
			return Record{}, err
		}
		r.Body = e
	case *vigiav1.Record_Tick:
		r.Body = Tick{At: b.Tick.GetAt()}
	case *vigiav1.Record_Policy:
		p := b.Policy
		r.Body = Policy{p.GetTenant(), p.GetSerial(), p.GetHash(), p.GetBody(), p.GetReapply()}
	case *vigiav1.Record_Gap:
		g := b.Gap
		r.Body = Gap{g.GetTenant(), g.GetConnector(), g.GetAccount(), g.GetFrom(), g.GetTo(), g.GetReason()}
	case *vigiav1.Record_Watermark:
		r.Body = Watermark{b.Watermark.GetPartition(), b.Watermark.GetAt()}
	case *vigiav1.Record_Fact:
		r.Body = factFrom(b.Fact)
	case *vigiav1.Record_AgentFact:
		r.Body = agentFactFrom(b.AgentFact)
	case *vigiav1.Record_Signal:
		r.Body = signalFrom(b.Signal)
	case *vigiav1.Record_DeadLetter:
		d := b.DeadLetter
		r.Body = DeadLetter{d.GetTopic(), d.GetPartition(), d.GetOffset(), Reason(d.GetReason()), d.GetField(), d.GetPayloadSha256(), d.GetPayloadBytes(), d.GetAt()}
	case *vigiav1.Record_Alert:
		r.Body = alertFrom(b.Alert)
	case *vigiav1.Record_AlertProgress:
		r.Body = AlertProgress{b.AlertProgress.GetShard(), b.AlertProgress.GetAt(), b.AlertProgress.GetPosition(), b.AlertProgress.GetState()}
	case *vigiav1.Record_Acknowledgement:
		a := b.Acknowledgement
		r.Body = Acknowledgement{a.GetTenant(), a.GetIncident(), a.GetBy(), a.GetAt()}
	case *vigiav1.Record_Silence:
		r.Body = silenceFrom(b.Silence)
	default:
		return Record{}, &Error{ReasonUnknownKind, "record", "no record kind that this version knows"}
	}
	return r, nil
}

// Encode writes a record value, deterministically: equal records give equal bytes.
func Encode(r Record) []byte {
	m := &vigiav1.Record{OutputId: r.OutputID}
	if s := r.Seq; s != nil {
		m.Seq = &vigiav1.Seq{Topic: s.Topic, Partition: s.Partition, LogLineage: s.LogLineage, Offset: s.Offset, Step: s.Step, Index: s.Index,
			Prev: &vigiav1.PrevSeq{Offset: s.Prev.Offset, Step: s.Prev.Step, Index: s.Prev.Index, Restart: s.Prev.Restart}}
	}
	switch b := r.Body.(type) {
	case *Event:
		m.Record = &vigiav1.Record_Event{Event: b.ToProto()}
	case Tick:
		m.Record = &vigiav1.Record_Tick{Tick: &vigiav1.Tick{At: b.At}}
	case Policy:
		m.Record = &vigiav1.Record_Policy{Policy: &vigiav1.Policy{Tenant: b.Tenant, Serial: b.Serial, Hash: b.Hash, Body: b.Body, Reapply: b.Reapply}}
	case Gap:
		m.Record = &vigiav1.Record_Gap{Gap: &vigiav1.Gap{Tenant: b.Tenant, Connector: b.Connector, Account: b.Account, From: b.From, To: b.To, Reason: b.Reason}}
	case Watermark:
		m.Record = &vigiav1.Record_Watermark{Watermark: &vigiav1.Watermark{Partition: b.Partition, At: b.At}}
	case Fact:
		m.Record = &vigiav1.Record_Fact{Fact: factTo(b)}
	case AgentFact:
		m.Record = &vigiav1.Record_AgentFact{AgentFact: agentFactTo(b)}
	case Signal:
		m.Record = &vigiav1.Record_Signal{Signal: signalTo(b)}
	case DeadLetter:
		m.Record = &vigiav1.Record_DeadLetter{DeadLetter: &vigiav1.DeadLetter{Topic: b.Topic, Partition: b.Partition, Offset: b.Offset, Reason: string(b.Reason),
			Field: b.Field, PayloadSha256: b.PayloadSHA256, PayloadBytes: b.PayloadBytes, At: b.At}}
	case Alert:
		m.Record = &vigiav1.Record_Alert{Alert: alertTo(b)}
	case AlertProgress:
		m.Record = &vigiav1.Record_AlertProgress{AlertProgress: &vigiav1.AlertProgress{Shard: b.Shard, At: b.At, Position: b.Position, State: b.State}}
	case Acknowledgement:
		m.Record = &vigiav1.Record_Acknowledgement{Acknowledgement: &vigiav1.Acknowledgement{Tenant: b.Tenant, Incident: b.Incident, By: b.By, At: b.At}}
	case Silence:
		m.Record = &vigiav1.Record_Silence{Silence: silenceTo(b)}
	}
	out, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		// Only invalid UTF-8 in a string can get here; every door in (FromProto, Validate) refuses it.
		panic(fmt.Sprintf("event: BUG: cannot encode %T: %v", r.Body, err))
	}
	return out
}

// FromProto converts a message; it refuses what the domain type cannot hold (NaN scores, times out of range) and leaves the rest to Validate.
func FromProto(m *vigiav1.Event) (*Event, error) {
	if m == nil {
		return nil, &Error{ReasonMissingField, "event", "is empty"}
	}
	at, err := millis("occurred_at", m.OccurredAt)
	if err != nil {
		return nil, err
	}
	recv, err := millis("received_at", m.ReceivedAt)
	if err != nil {
		return nil, err
	}
	e := &Event{
		ID: m.EventId, Tenant: m.TenantId, At: at, Quality: enum[TimeQuality](m.OccurredQuality), ReceivedAt: recv,
		Channel: enum[Channel](m.Channel), Routing: routingFrom(m.Routing), OrderHint: m.OrderHint, Link: m.Link,
	}
	if s := m.Source; s != nil {
		e.Source = Source{s.Connector, s.Account, s.NativeEventId, enum[DedupBasis](s.DedupBasis), s.DeliveryAttempt, s.ConnectorVersion}
	}
	if c := m.Conversation; c != nil {
		e.Conversation, e.Threadless, e.Root = c.Id, c.Threadless, c.RootId
	}
	if c := m.Customer; c != nil {
		e.Customer, e.Identities = c.Id, identitiesFrom(c.Identities)
	}
	if a := m.Actor; a != nil {
		e.Actor, e.ActorID = enum[ActorKind](a.Kind), a.Id
	}
	for k, v := range m.Labels {
		e.Labels = append(e.Labels, Label{k, v})
	}
	slices.SortFunc(e.Labels, func(a, b Label) int { return strings.Compare(a.Key, b.Key) })
	e.Body, err = bodyFrom(m)
	return e, err
}

func bodyFrom(m *vigiav1.Event) (Body, error) {
	switch k := m.Kind.(type) {
	case *vigiav1.Event_Message:
		p := k.Message
		msg := Message{ID: p.MessageId, Direction: enum[Direction](p.Direction), Internal: p.Visibility == vigiav1.Visibility_VISIBILITY_INTERNAL, ContentType: p.ContentType,
			Text: p.Text, TextChars: p.TextChars, Locale: p.Locale, InReplyTo: p.InReplyTo, Automated: p.Automated, Receipt: p.EvidenceIsReceipt}
		if p.Sentiment != nil {
			s, err := sentimentFrom("message.sentiment", p.Sentiment)
			if err != nil {
				return nil, err
			}
			msg.Sentiment = &s
		}
		return msg, nil
	case *vigiav1.Event_MessageState:
		p := k.MessageState
		w, err := millis("message_state.watermark", p.Watermark)
		return MessageState{p.MessageId, enum[MessageStatus](p.State), w, p.ErrorCode}, err
	case *vigiav1.Event_ConversationState:
		p := k.ConversationState
		return ConversationState{enum[ConversationStatus](p.State), p.NativeState, p.PreviousNativeState, p.MergedInto, p.Priority, p.StartedByBusiness}, nil
	case *vigiav1.Event_Assignment:
		p := k.Assignment
		return Assignment{routingFrom(p.From), routingFrom(p.To), enum[AssignmentCause](p.Cause)}, nil
	case *vigiav1.Event_Call:
		p := k.Call
		c := Call{ID: p.CallId, Leg: p.LegId, Phase: enum[CallPhase](p.Phase), Direction: enum[Direction](p.Direction), EndedBy: enum[EndedBy](p.EndedBy), QueuePosition: p.QueuePosition,
			NativeCause: p.NativeCause}
		for _, d := range []struct {
			field string
			from  *durationpb.Duration
			to    *int64
		}{{"call.wait", p.Wait, &c.Wait}, {"call.ring", p.Ring, &c.Ring}, {"call.talk", p.Talk, &c.Talk}, {"call.hold", p.Hold, &c.Hold}, {"call.wrap_up", p.WrapUp, &c.Wrap}} {
			var err error
			if *d.to, err = duration(d.field, d.from); err != nil {
				return nil, err
			}
		}
		return c, nil
	case *vigiav1.Event_SurveyRequested:
		p := k.SurveyRequested
		return SurveyRequested{p.SurveyId, p.RequestId, enum[Instrument](p.Instrument), p.Displayed}, nil
	case *vigiav1.Event_SurveyAnswered:
		p := k.SurveyAnswered
		a := SurveyAnswered{Survey: p.SurveyId, Response: p.ResponseId, Request: p.RequestId, Question: p.QuestionId, Instrument: enum[Instrument](p.Instrument), Revision: p.Revision,
			Final: p.Final, Comment: p.Comment}
		for _, f := range []struct {
			field string
			from  float64
			to    *int64
		}{{"survey_answered.score", p.Score, &a.Score}, {"survey_answered.scale_min", p.ScaleMin, &a.ScaleMin}, {"survey_answered.scale_max", p.ScaleMax, &a.ScaleMax}} {
			var err error
			if *f.to, err = millionths(f.field, f.from, -1e6, 1e6); err != nil {
				return nil, err
			}
		}
		return a, nil
	case *vigiav1.Event_Sentiment:
		s, err := sentimentFrom("sentiment", k.Sentiment)
		return s, err
	case *vigiav1.Event_Purchase:
		p := k.Purchase
		return Purchase{enum[PurchaseType](p.Type), p.OrderId, p.AmountMinor, p.Currency, p.MinorDigits, p.AttributedCampaign}, nil
	case *vigiav1.Event_SelfService:
		p := k.SelfService
		return SelfService{enum[SelfServiceOutcome](p.Outcome), p.FlowId, p.ArticleId}, nil
	case *vigiav1.Event_Engagement:
		return Engagement{k.Engagement.Action, k.Engagement.Campaign}, nil
	case *vigiav1.Event_AgentPresence:
		p := k.AgentPresence
		pr := Presence{Agent: p.AgentId, Native: p.NativeStatus, Available: p.Available}
		for c, n := range p.FreeSlots {
			pr.Slots = append(pr.Slots, Slot{c, n})
		}
		slices.SortFunc(pr.Slots, func(a, b Slot) int { return strings.Compare(a.Channel, b.Channel) })
		return pr, nil
	case *vigiav1.Event_ReferenceData:
		p := k.ReferenceData
		value, err := billionths("reference_data.value", p.Value)
		return Reference{enum[ReferenceType](p.Kind), p.Key, value, p.Currency}, err
	case *vigiav1.Event_CustomerIdentity:
		p := k.CustomerIdentity
		return CustomerIdentity{enum[IdentityChange](p.Change), identitiesFrom(p.Identities), p.SurvivorCustomerId}, nil
	}
	return nil, &Error{ReasonUnknownKind, "kind", "set one of message, call, conversation_state, … (see proto/vigia/v1/event.proto)"}
}

func sentimentFrom(field string, p *vigiav1.Sentiment) (Sentiment, error) {
	pol, err := millionths(field+".polarity", p.Polarity, -1, 1)
	if err != nil {
		return Sentiment{}, err
	}
	conf, err := millionths(field+".confidence", p.Confidence, 0, 1)
	if err != nil {
		return Sentiment{}, err
	}
	s := Sentiment{Subject: p.SubjectId, Polarity: pol, Confidence: conf, Model: p.Model, Partial: p.Partial}
	if t := p.Tone; t != nil {
		s.Tone = &Tone{}
		if s.Tone.Frustration, err = millionths(field+".tone.frustration", t.Frustration, 0, 1); err != nil {
			return Sentiment{}, err
		}
		if s.Tone.Urgency, err = millionths(field+".tone.urgency", t.Urgency, 0, 1); err != nil {
			return Sentiment{}, err
		}
	}
	return s, nil
}

// ToProto converts the event back.
func (e *Event) ToProto() *vigiav1.Event {
	m := &vigiav1.Event{
		EventId: e.ID, TenantId: e.Tenant, OccurredAt: stamp(e.At), OccurredQuality: vigiav1.TimeQuality(e.Quality), ReceivedAt: stamp(e.ReceivedAt),
		Channel: vigiav1.Channel(e.Channel), Routing: routingTo(e.Routing), OrderHint: e.OrderHint, Link: e.Link,
		Source: &vigiav1.Source{Connector: e.Source.Connector, Account: e.Source.Account, NativeEventId: e.Source.NativeID, DedupBasis: vigiav1.DedupBasis(e.Source.Basis),
			DeliveryAttempt: e.Source.Attempt, ConnectorVersion: e.Source.Version},
		Actor: &vigiav1.Actor{Kind: vigiav1.Actor_Kind(e.Actor), Id: e.ActorID},
	}
	if e.Conversation != "" {
		m.Conversation = &vigiav1.ConversationRef{Id: e.Conversation, Threadless: e.Threadless, RootId: e.Root}
	}
	if e.Customer != "" || len(e.Identities) > 0 {
		m.Customer = &vigiav1.CustomerRef{Id: e.Customer, Identities: identitiesTo(e.Identities)}
	}
	if len(e.Labels) > 0 {
		m.Labels = make(map[string]string, len(e.Labels))
		for _, l := range e.Labels {
			m.Labels[l.Key] = l.Value
		}
	}
	switch b := e.Body.(type) {
	case Message:
		p := &vigiav1.MessagePosted{MessageId: b.ID, Direction: vigiav1.Direction(b.Direction), ContentType: b.ContentType, Text: b.Text, TextChars: b.TextChars, Locale: b.Locale,
			InReplyTo: b.InReplyTo, Automated: b.Automated, EvidenceIsReceipt: b.Receipt}
		if b.Internal {
			p.Visibility = vigiav1.Visibility_VISIBILITY_INTERNAL
		}
		if b.Sentiment != nil {
			p.Sentiment = sentimentTo(*b.Sentiment)
		}
		m.Kind = &vigiav1.Event_Message{Message: p}
	case MessageState:
		p := &vigiav1.MessageState{MessageId: b.MessageID, State: vigiav1.MessageState_State(b.State), ErrorCode: b.ErrorCode}
		if b.Watermark != 0 {
			p.Watermark = stamp(b.Watermark)
		}
		m.Kind = &vigiav1.Event_MessageState{MessageState: p}
	case ConversationState:
		m.Kind = &vigiav1.Event_ConversationState{ConversationState: &vigiav1.ConversationState{State: vigiav1.ConversationState_State(b.State), NativeState: b.Native,
			PreviousNativeState: b.PreviousNative, MergedInto: b.MergedInto, Priority: b.Priority, StartedByBusiness: b.StartedByBusiness}}
	case Assignment:
		m.Kind = &vigiav1.Event_Assignment{Assignment: &vigiav1.Assignment{From: routingTo(b.From), To: routingTo(b.To), Cause: vigiav1.Assignment_Cause(b.Cause)}}
	case Call:
		m.Kind = &vigiav1.Event_Call{Call: &vigiav1.CallPhase{CallId: b.ID, LegId: b.Leg, Phase: vigiav1.CallPhase_Phase(b.Phase), Direction: vigiav1.Direction(b.Direction),
			Wait: span(b.Wait), Ring: span(b.Ring), Talk: span(b.Talk), Hold: span(b.Hold), WrapUp: span(b.Wrap), EndedBy: vigiav1.CallPhase_EndedBy(b.EndedBy),
			QueuePosition: b.QueuePosition, NativeCause: b.NativeCause}}
	case SurveyRequested:
		m.Kind = &vigiav1.Event_SurveyRequested{SurveyRequested: &vigiav1.SurveyRequested{SurveyId: b.Survey, RequestId: b.Request, Instrument: vigiav1.Instrument(b.Instrument),
			Displayed: b.Displayed}}
	case SurveyAnswered:
		m.Kind = &vigiav1.Event_SurveyAnswered{SurveyAnswered: &vigiav1.SurveyAnswered{SurveyId: b.Survey, ResponseId: b.Response, RequestId: b.Request, QuestionId: b.Question,
			Instrument: vigiav1.Instrument(b.Instrument), Score: ratio(b.Score), ScaleMin: ratio(b.ScaleMin), ScaleMax: ratio(b.ScaleMax), Revision: b.Revision, Final: b.Final,
			Comment: b.Comment}}
	case Sentiment:
		m.Kind = &vigiav1.Event_Sentiment{Sentiment: sentimentTo(b)}
	case Purchase:
		m.Kind = &vigiav1.Event_Purchase{Purchase: &vigiav1.Purchase{Type: vigiav1.Purchase_Type(b.Type), OrderId: b.Order, AmountMinor: b.AmountMinor, Currency: b.Currency,
			MinorDigits: b.MinorDigits, AttributedCampaign: b.Campaign}}
	case SelfService:
		m.Kind = &vigiav1.Event_SelfService{SelfService: &vigiav1.SelfService{Outcome: vigiav1.SelfService_Outcome(b.Outcome), FlowId: b.Flow, ArticleId: b.Article}}
	case Engagement:
		m.Kind = &vigiav1.Event_Engagement{Engagement: &vigiav1.Engagement{Action: b.Action, Campaign: b.Campaign}}
	case Presence:
		p := &vigiav1.AgentPresence{AgentId: b.Agent, NativeStatus: b.Native, Available: b.Available}
		if len(b.Slots) > 0 {
			p.FreeSlots = make(map[string]uint32, len(b.Slots))
			for _, s := range b.Slots {
				p.FreeSlots[s.Channel] = s.Free
			}
		}
		m.Kind = &vigiav1.Event_AgentPresence{AgentPresence: p}
	case Reference:
		m.Kind = &vigiav1.Event_ReferenceData{ReferenceData: &vigiav1.ReferenceData{Kind: vigiav1.ReferenceData_Kind(b.Type), Key: b.Key, Value: decimal(b.Value), Currency: b.Currency}}
	case CustomerIdentity:
		m.Kind = &vigiav1.Event_CustomerIdentity{CustomerIdentity: &vigiav1.CustomerIdentity{Change: vigiav1.CustomerIdentity_Change(b.Change),
			Identities: identitiesTo(b.Identities), SurvivorCustomerId: b.Survivor}}
	}
	return m
}

func sentimentTo(s Sentiment) *vigiav1.Sentiment {
	m := &vigiav1.Sentiment{SubjectId: s.Subject, Polarity: ratio(s.Polarity), Confidence: ratio(s.Confidence), Model: s.Model, Partial: s.Partial}
	if s.Tone != nil {
		m.Tone = &vigiav1.Tone{Frustration: ratio(s.Tone.Frustration), Urgency: ratio(s.Tone.Urgency)}
	}
	return m
}

func routingFrom(r *vigiav1.Routing) Routing {
	return Routing{r.GetQueueId(), r.GetTeamId(), r.GetAgentId(), r.GetBotId(), r.GetInboxId()}
}

func routingTo(r Routing) *vigiav1.Routing {
	if r == (Routing{}) {
		return nil
	}
	return &vigiav1.Routing{QueueId: r.Queue, TeamId: r.Team, AgentId: r.Agent, BotId: r.Bot, InboxId: r.Inbox}
}

func identitiesFrom(in []*vigiav1.Identity) []Identity {
	var out []Identity
	for _, i := range in {
		out = append(out, Identity{enum[IdentityScheme](i.GetScheme()), i.GetValue(), i.GetScope()})
	}
	return out
}

func identitiesTo(in []Identity) []*vigiav1.Identity {
	var out []*vigiav1.Identity
	for _, i := range in {
		out = append(out, &vigiav1.Identity{Scheme: vigiav1.Identity_Scheme(i.Scheme), Value: i.Value, Scope: i.Scope})
	}
	return out
}
