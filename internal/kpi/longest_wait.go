package kpi

// longestWait is how long the contact that waits longest has been waiting.
var longestWait = Def{
	ID: "longest_wait", Unit: Seconds, Better: Lower, Version: 1,
	Title: Text{EN: "Longest wait", ES: "Mayor espera", PT: "Maior espera"},
	Explain: Text{
		EN: "How long the contact that waits longest has been waiting for a person; none when nobody waits.",
		ES: "Cuánto lleva esperando a una persona el contacto que más espera; ninguno si nadie espera.",
		PT: "Há quanto tempo espera por uma pessoa o contato que espera há mais tempo; nenhum se ninguém espera.",
	},
	Definitions: nowOnly(func(open []OpenAt) Reading { return longestOf(waiting(open)) }),
	Default:     byDefault, Dimensions: contactDims,
}
