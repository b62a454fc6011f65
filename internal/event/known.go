package event

import (
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
)

// What is free text in other systems comes from closed sets here, for any free string could hold a person's name or number. A tenant adds its own words by
// configuration ([SourceRules]).

// contentTypes are the kinds of content that proto/vigia/v1/event.proto lists.
var contentTypes = words("text image audio video document location contact sticker order reaction postback form template other")

// priorities are the words that products in the field use; SLA policies may name others, which are configured names.
var priorities = words("lowest low minor normal medium standard default high higher highest major urgent critical blocker vip p0 p1 p2 p3 p4 p5 1 2 3 4 5")

// connectors are the names of sources that need no declaration: ours, and those of well-known products.
var connectors = words(`http cloudevents replay sim demo whatsapp messenger instagram telegram sms webchat email phone voice ticket social survey crm ivr pbx
	twilio zendesk sunshine intercom chatwoot trengo bitrix24 freshdesk front hubspot salesforce dynamics genesys connect talkdesk five9 asterisk freeswitch sendgrid mailgun
	postmark delighted typeform surveymonkey screeb formbricks asknicely stripe shopify`)

// markers are what an event marker can be: names would be free text.
var markers = words("deploy outage price product policy bot survey staffing campaign season other")

func words(s string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		set[w] = true
	}
	return set
}

// knownLocale reduces a language tag to "es" or "es-MX" (two-letter language, country or UN region); anything else is "".
func knownLocale(tag string) string {
	parts := strings.FieldsFunc(tag, func(r rune) bool { return r == '-' || r == '_' })
	if len(tag) > 35 || len(parts) == 0 || len(parts[0]) != 2 {
		return ""
	}
	base, err := language.ParseBase(parts[0])
	if err != nil {
		return ""
	}
	for _, p := range parts[1:] {
		if len(p) != 2 && (len(p) != 3 || !digits(p)) {
			continue // a script or a variant
		}
		if region, err := language.ParseRegion(p); err == nil {
			return base.String() + "-" + region.String()
		}
	}
	return base.String()
}

func knownCurrency(code string) bool {
	_, err := currency.ParseISO(code)
	return err == nil
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
