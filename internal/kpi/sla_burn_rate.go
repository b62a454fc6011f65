package kpi

import (
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

const minute = 60_000

// slaBurnRate is how many times faster than planned promises are broken.
var slaBurnRate = Def{
	ID: "sla_burn_rate", Unit: Factor, Better: Lower, Version: 1,
	Title: Text{EN: "SLA burn rate", ES: "Ritmo de incumplimiento del SLA", PT: "Ritmo de descumprimento do SLA"},
	Explain: Text{
		EN: "How many times more promises are broken than the objective allows (`sla_objective`, 95 % unless set): 1 uses up exactly what may be broken. Of a long and a short window that end with the one asked, the smaller: it is high only while it lasts.",
		ES: "Cuántas veces más promesas se incumplen de las que permite el objetivo (`sla_objective`, 95 % si no se indica): 1 gasta justo lo permitido. De una ventana larga y una corta que terminan con la pedida, el menor: solo es alto mientras dura.",
		PT: "Quantas vezes mais promessas são descumpridas do que a meta permite (`sla_objective`, 95 % se não indicada): 1 gasta exatamente o permitido. De uma janela longa e uma curta que terminam com a pedida, o menor: só é alto enquanto dura.",
	},
	Definitions: []Definition{
		burnOver("fast", 60*minute, 5*minute, Text{
			EN: "Over 1 hour and 5 minutes: somebody should look now.",
			ES: "En 1 hora y en 5 minutos: alguien debería mirar ya.",
			PT: "Em 1 hora e em 5 minutos: alguém deveria olhar já.",
		}),
		burnOver("slow", 6*60*minute, 30*minute, Text{
			EN: "Over 6 hours and 30 minutes: the day is going wrong.",
			ES: "En 6 horas y en 30 minutos: el día va mal.",
			PT: "Em 6 horas e em 30 minutos: o dia vai mal.",
		}),
	},
	Default: []string{"fast", "slow"}, Dimensions: contactDims, Family: window.Routing,
	Feeds: promises, Reach: 6 * 60 * minute,
}

func burnOver(id string, long, short int64, explain Text) Definition {
	return Definition{ID: id, Explain: explain, Derive: func(v *View) (Reading, error) {
		to := v.Window.To
		over, recent := burn(v.At(to-long, to), v.objective()), burn(v.At(to-short, to), v.objective())
		if over.den == 0 || recent.den == 0 {
			return burnOf(0, 0, 0), nil
		}
		if recent.Number() < over.Number() {
			return recent, nil
		}
		return over, nil
	}}
}

// burn reads the promises of all clocks; objective is in millionths.
func burn(c *window.Cell, objective int64) Reading {
	var kept, broken int64
	for _, m := range clocks {
		kept, broken = kept+c.Metric(m.hit).N, broken+c.Metric(m.miss).N
	}
	return burnOf(broken, kept+broken, 1e6-objective)
}

// burnOf reads broken ones of n, of which budget millionths may be.
func burnOf(broken, n, budget int64) Reading { return factorOf(broken, n*budget, n).in(1e6) }

// objective is the share of promises that is meant to be kept, in millionths.
func (f Frame) objective() int64 {
	if f.Policy == nil {
		return sla.DefaultObjective
	}
	return f.Policy.SLAObjective()
}
