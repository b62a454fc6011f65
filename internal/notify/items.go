package notify

import (
	"net/url"
	"strconv"
	"strings"
)

// itemLine is one incident of several.
type itemLine struct{ text, link string }

// itemLines lists the first incidents of a notice about several, and how many more there are.
func itemLines(n Notice) []itemLine {
	w := writer{n: n, speaker: speak(n.Lang)}
	var lines []itemLine
	for _, item := range n.Items[:min(len(n.Items), maxLines)] {
		item.Lang, item.Zone, item.Items, item.Total, item.Counts = n.Lang, n.Zone, nil, 0, nil
		if item.Severity == n.Severity {
			item.Severity = "" // the notice says so
		}
		line := itemLine{text: Title(item), link: webLink(item.Link)}
		if item.Conversation != "" {
			line.text += " · " + oneLine(item.Conversation, maxName)
		}
		lines = append(lines, line)
	}
	if more := w.total() - len(lines); more > 0 && len(lines) > 0 {
		lines = append(lines, itemLine{text: w.say("more", "more", strconv.Itoa(more))})
	}
	return lines
}

// action is a link that a reader may follow.
type action struct{ label, url string }

// actions lists what can be done about a notice.
func actions(n Notice) []action {
	w := speak(n.Lang)
	if n.Type.Over() {
		n.Acknowledge = "" // nobody has to see to it any more
	}
	var all []action
	for _, a := range []action{{"open", n.Link}, {"runbook", n.Runbook}, {"acknowledge", n.Acknowledge}} {
		if link := webLink(a.url); link != "" {
			all = append(all, action{w.say(a.label), link})
		}
	}
	return all
}

// webLink returns an address that a reader may follow; anything but http and https, and anything that is no address, is none.
func webLink(raw string) string {
	const longest = 2000
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	link := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", `"`, "%22", " ", "%20").Replace(u.String()) // they end a link in Slack, Teams or HTML
	if len(link) > longest {
		return ""
	}
	return link
}
