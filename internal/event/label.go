package event

// Keys of labels that KPIs know. Like all labels they enter the log only where the source's configuration allows the value.
const (
	LabelTopic      = "topic"      // what the conversation is about
	LabelComplexity = "complexity" // one of Complexities
	LabelTouchpoint = "touchpoint" // where a survey met the customer
)

// Complexities are the values of [LabelComplexity], from the easiest.
var Complexities = []string{"simple", "medium", "complex"}
