package event

import "strings"

// Source names are "connector/account", with "*" for every account or every connector. They are what heartbeats are kept under and what a [Gap] is about.
const everySource = "*"

// SourceName returns the name of a source; an empty account means all accounts of the connector, an empty connector all sources of the tenant.
func SourceName(connector, account string) string {
	switch {
	case connector == "":
		return everySource
	case account == "":
		return connector + "/" + everySource
	}
	var b strings.Builder
	b.WriteString(connector)
	b.WriteByte('/')
	escape(&b, account)
	return b.String()
}

// ParseSourceName is the inverse of [SourceName].
func ParseSourceName(name string) (connector, account string) {
	connector, account, _ = strings.Cut(name, "/")
	if connector == everySource {
		return "", ""
	}
	if account == everySource {
		return connector, ""
	}
	return connector, unescape(account)
}
