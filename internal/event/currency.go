package event

import (
	"cmp"
	"sort"
)

// NoCurrency is the ISO 4217 number of amounts in a currency that is not in use.
const NoCurrency = 999

// currencies are the ISO 4217 codes in use with their numbers, in the order of the codes.
const currencies = "AED784AFN971ALL008AMD051AOA973ARS032AUD036AWG533AZN944BAM977BBD052BDT050BGN975BHD048BIF108BMD060BND096BOB068BOV984BRL986BSD044BTN064BWP072BYN933BZD084" +
	"CAD124CDF976CHE947CHF756CHW948CLF990CLP152CNY156COP170COU970CRC188CUP192CVE132CZK203DJF262DKK208DOP214DZD012EGP818ERN232ETB230EUR978FJD242FKP238GBP826GEL981" +
	"GHS936GIP292GMD270GNF324GTQ320GYD328HKD344HNL340HTG332HUF348IDR360ILS376INR356IQD368IRR364ISK352JMD388JOD400JPY392KES404KGS417KHR116KMF174KPW408KRW410KWD414" +
	"KYD136KZT398LAK418LBP422LKR144LRD430LSL426LYD434MAD504MDL498MGA969MKD807MMK104MNT496MOP446MRU929MUR480MVR462MWK454MXN484MXV979MYR458MZN943NAD516NGN566NIO558" +
	"NOK578NPR524NZD554OMR512PAB590PEN604PGK598PHP608PKR586PLN985PYG600QAR634RON946RSD941RUB643RWF646SAR682SBD090SCR690SDG938SEK752SGD702SHP654SLE925SOS706SRD968" +
	"SSP728STN930SVC222SYP760SZL748THB764TJS972TMT934TND788TOP776TRY949TTD780TWD901TZS834UAH980UGX800USD840USN997UYI940UYU858UYW927UZS860VED926VES928VND704VUV548" +
	"WST882XAF950XCD951XCG532XOF952XPF953YER886ZAR710ZMW967ZWG924"

const currencyWidth = len("AED784")

// CurrencyNumber returns the ISO 4217 number of a currency, [NoCurrency] for a code that is not in use.
func CurrencyNumber(code string) uint16 {
	i, found := sort.Find(len(currencies)/currencyWidth, func(i int) int { return cmp.Compare(code, currencies[i*currencyWidth:i*currencyWidth+3]) })
	if !found {
		return NoCurrency
	}
	return currencyAt(i)
}

func currencyAt(i int) uint16 {
	d := currencies[i*currencyWidth+3 : (i+1)*currencyWidth]
	return uint16(d[0]-'0')*100 + uint16(d[1]-'0')*10 + uint16(d[2]-'0')
}

// Currency is one in use, by code and ISO 4217 number.
type Currency struct {
	Code   string
	Number uint16
}

// Currencies lists those in use in the order of their codes, and last XXX, which stands for all others.
func Currencies() []Currency {
	out := make([]Currency, 0, len(currencies)/currencyWidth+1)
	for i := range len(currencies) / currencyWidth {
		out = append(out, Currency{currencies[i*currencyWidth : i*currencyWidth+3], currencyAt(i)})
	}
	return append(out, Currency{"XXX", NoCurrency})
}

// MaxAmount is the largest amount of a purchase that is counted, in millionths of the unit of its currency: sums of many must not overflow.
const MaxAmount = 100_000_000_000 * 1e6

// Millionths returns the amount in millionths of the unit of its currency, without its sign, halves rounded away from zero; ok is false when it is above [MaxAmount].
func (p Purchase) Millionths() (amount int64, ok bool) {
	amount = p.AmountMinor
	if amount < 0 {
		amount = -amount
	}
	if amount < 0 || p.MinorDigits > 8 {
		return 0, false
	}
	for digits := p.MinorDigits; digits < 6; digits++ {
		if amount > MaxAmount/10 {
			return 0, false
		}
		amount *= 10
	}
	if p.MinorDigits > 6 {
		scale := int64(10)
		if p.MinorDigits == 8 {
			scale = 100
		}
		amount = amount/scale + (amount%scale+scale/2)/scale
	}
	return amount, amount <= MaxAmount
}
