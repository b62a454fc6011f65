package oracle

// The metrics of rule 22 are one for each currency: their numbers are reckoned, so that no table grows by a thousand lines.
const (
	metricBought     = 5000 // and 1 for subscriptions
	metricSold       = 5000 // and the currency
	metricAttributed = 6000 // and 1000 for each model, and the currency
	metricSubscribed = 11000
	lowestCurrency   = 8
	noCurrency       = 999
)

// valueMetric is that of a moment of rule 22, 0 for others.
func (m Moment) valueMetric() int {
	switch m.Kind {
	case Bought:
		return metricBought + int(m.Value)
	case Sold:
		return metricSold + m.Currency
	case Attributed:
		return metricAttributed + 1000*m.Model + m.Currency
	case SubscribedTo:
		return metricSubscribed + m.Currency
	}
	return 0
}

// ofValue says whether a metric is one of rule 22, money whether it is a sum of one.
func ofValue(no int) (known, money bool) {
	money = no >= metricSold && no < metricSubscribed+1000 && no%1000 >= lowestCurrency && no%1000 <= noCurrency
	return money || no == metricBought || no == metricBought+1, money
}
