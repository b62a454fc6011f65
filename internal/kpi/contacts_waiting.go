package kpi

// contactsWaiting is how many contacts wait for a person now.
var contactsWaiting = Def{
	ID: "contacts_waiting", Unit: Count, Better: Lower, Version: 1,
	Title: Text{EN: "Contacts waiting", ES: "Contactos en espera", PT: "Contatos em espera"},
	Explain: Text{
		EN: "Contacts that wait for a person now.",
		ES: "Contactos que esperan ahora a una persona.",
		PT: "Contatos que esperam agora por uma pessoa.",
	},
	Definitions: nowOnly(func(open []OpenAt) Reading {
		n, _ := waiting(open)
		return countOf(n)
	}),
	Default: byDefault, Dimensions: contactDims,
}

// nowOnly makes the definitions of a KPI about now that has but one.
func nowOnly(now func(open []OpenAt) Reading) []Definition {
	d := single(nil)
	d[0].Now = now
	return d
}

// waiting returns how many contacts wait and the longest wait in ms.
func waiting(open []OpenAt) (n, ms int64) {
	for i := range open {
		if since := open[i].WaitingSince; since != 0 {
			n++
			ms = max(ms, open[i].T-since)
		}
	}
	return n, ms
}
