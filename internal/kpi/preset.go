package kpi

import "slices"

// Preset is a product whose numbers people know: its name stands for that product's definition of every KPI, where it has one that differs from ours.
type Preset struct {
	Name    string
	Title   string
	Explain Text
	// Definitions, by KPI. KPIs that are not named have their default ones.
	Definitions map[string]string
}

var presets = []Preset{
	{Name: "vigia", Title: "Vigía", Explain: Text{
		EN: "Vigía's own definitions.",
		ES: "Las definiciones propias de Vigía.",
		PT: "As definições próprias do Vigía.",
	}},
	{Name: "connect", Title: "Amazon Connect", Explain: Text{
		EN: "Everything that left the queue in target counts for the service level, also abandoned contacts.",
		ES: "Todo lo que salió de la cola en objetivo cuenta para el nivel de servicio, también los abandonos.",
		PT: "Tudo o que saiu da fila na meta conta para o nível de serviço, também os abandonos.",
	}, Definitions: map[string]string{"service_level": "connect"}},
	{Name: "genesys", Title: "Genesys Cloud", Explain: Text{
		EN: "Abandons, short ones too, count against the service level.",
		ES: "Los abandonos, también los cortos, cuentan contra el nivel de servicio.",
		PT: "Os abandonos, também os curtos, contam contra o nível de serviço.",
	}, Definitions: map[string]string{"service_level": "genesys"}},
	{Name: "talkdesk", Title: "Talkdesk", Explain: Text{
		EN: "The service level by contacts: short abandons are left out, voicemail is in.",
		ES: "El nivel de servicio por contactos: sin abandonos cortos, con buzón de voz.",
		PT: "O nível de serviço por contatos: sem abandonos curtos, com caixa postal.",
	}, Definitions: map[string]string{"service_level": "talkdesk-contacts"}},
	{Name: "zendesk", Title: "Zendesk", Explain: Text{
		EN: "Satisfaction is good or bad; first resolution is final and one-touch.",
		ES: "La satisfacción es buena o mala; la resolución al primer contacto es definitiva y de un solo toque.",
		PT: "A satisfação é boa ou ruim; a resolução no primeiro contato é definitiva e de um só toque.",
	}, Definitions: map[string]string{"csat": "thumbs", "resolution_time": "from_creation", "fcr": "strict", "update_time": "periodic"}},
	{Name: "chatwoot", Title: "Chatwoot", Explain: Text{
		EN: "Satisfaction is the share of 4 and 5 of five; a resolution counts from the creation.",
		ES: "La satisfacción es la proporción de 4 y 5 sobre cinco; la resolución cuenta desde la creación.",
		PT: "A satisfação é a proporção de 4 e 5 em cinco; a resolução conta desde a criação.",
	}, Definitions: map[string]string{"csat": "1-5", "resolution_time": "from_creation", "self_service_rate": "deflected", "feedback_conversion": "sent"}},
	{Name: "trengo", Title: "Trengo", Explain: Text{
		EN: "A resolution adds up the times in which the conversation was open, in opening hours.",
		ES: "La resolución suma los tramos en que la conversación estuvo abierta, en horario de atención.",
		PT: "A resolução soma os trechos em que a conversa esteve aberta, no horário de atendimento.",
	}, Definitions: map[string]string{"csat": "1-5", "resolution_time": "open_segments", "self_service_rate": "deflected"}},
}

// Presets lists the presets.
func Presets() []Preset { return slices.Clone(presets) }

// PresetNames lists their names.
func PresetNames() []string {
	var names []string
	for i := range presets {
		names = append(names, presets[i].Name)
	}
	return names
}

// preset returns the definitions of the KPI that a preset stands for; nil when there is no such preset.
func (d *Def) preset(name string) []string {
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	if id := presets[i].Definitions[d.ID]; id != "" {
		return []string{id}
	}
	return d.Default
}

// KnownDefinition reports whether a name is that of a preset, or of a definition of some KPI.
func KnownDefinition(name string) bool {
	if slices.Contains(PresetNames(), name) {
		return true
	}
	return slices.ContainsFunc(catalog, func(d *Def) bool {
		_, ok := d.Definition(name)
		return ok
	})
}
