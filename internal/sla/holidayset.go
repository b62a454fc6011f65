package sla

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/aa"
	"github.com/rickar/cal/v2/ar"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/mx"
	"github.com/rickar/cal/v2/pt"
	"github.com/rickar/cal/v2/us"
)

// The library computes dates at midnight in its DefaultLoc, which is the
// machine's zone: where midnight does not exist it slips a day. UTC has every
// midnight, and is the same everywhere.
func init() { cal.DefaultLoc = time.UTC }

type holidaySet struct {
	name string
	days []*cal.Holiday
}

// holidaySets lists the national holidays by set name. The rules are those in
// force today; days decreed for one year, and regions, go under holidays.
// Changing a date here changes due times of the past: see ZoneRules.
var holidaySets = []holidaySet{
	{"ar", argentina},
	{"br", brazil},
	{"de", de.Holidays},
	{"es", es.Holidays},
	{"fr", fr.Holidays},
	{"gb", gb.Holidays},
	{"it", it.Holidays},
	{"mx", mexico},
	{"pt", pt.Holidays},
	{"us", us.Holidays},
}

// moveAR is article 6 of Argentina's law 27.399: a movable holiday on Tuesday
// or Wednesday goes to the Monday before, on Thursday or Friday to the Monday
// after. The library has another rule, and Good Friday on a Thursday.
var moveAR = []cal.AltDay{
	{Day: time.Tuesday, Offset: -1}, {Day: time.Wednesday, Offset: -2},
	{Day: time.Thursday, Offset: 4}, {Day: time.Friday, Offset: 3},
}

var argentina = []*cal.Holiday{
	ar.NewYear, ar.CarnivalDay1, ar.CarnivalDay2, ar.TruethDay, ar.MalvinasVeterans,
	aa.GoodFriday, ar.LaborDay, ar.RevolutionDay,
	ar.GuemesDay.Clone(&cal.Holiday{Observed: moveAR, StartYear: 2016}),
	fixed(time.June, 20), // Belgrano: not movable
	ar.IndependenceDay,
	ar.SanMartinDay.Clone(&cal.Holiday{Observed: moveAR}),
	ar.DiversityDay.Clone(&cal.Holiday{Observed: moveAR}),
	ar.SovereigntyDay.Clone(&cal.Holiday{Observed: moveAR}),
	ar.VirgenDay, ar.ChristmasDay,
}

// brazil is the library's list (with carnival Tuesday and Corpus Christi, days
// off by custom), but Consciência Negra is national only since law 14.759.
var brazil = replaced(br.Holidays, br.ConscienciaNegra, br.ConscienciaNegra.Clone(&cal.Holiday{StartYear: 2024}))

// mexico is article 74 of the Ley Federal del Trabajo. Unlike the library it
// keeps three holidays on Mondays since 2006 and moves none off a weekend.
var mexico = []*cal.Holiday{
	fixed(time.January, 1),
	fixed(time.February, 5).Clone(&cal.Holiday{EndYear: 2005}),
	nthMonday(time.February, 1).Clone(&cal.Holiday{StartYear: 2006}),
	fixed(time.March, 21).Clone(&cal.Holiday{EndYear: 2005}),
	nthMonday(time.March, 3).Clone(&cal.Holiday{StartYear: 2006}),
	fixed(time.May, 1),
	fixed(time.September, 16),
	{Func: inaugurationMX},
	fixed(time.November, 20).Clone(&cal.Holiday{EndYear: 2005}),
	mx.RevolutionDay.Clone(&cal.Holiday{StartYear: 2006}),
	fixed(time.December, 25),
}

// inaugurationMX is the day a president takes office: every six years, on
// 1 December until 2018 and on 1 October since 2024.
func inaugurationMX(_ *cal.Holiday, year int) time.Time {
	switch {
	case floorMod(int64(year)-2024, 6) != 0:
		return time.Time{}
	case year < 2024:
		return time.Date(year, time.December, 1, 0, 0, 0, 0, time.UTC)
	}
	return time.Date(year, time.October, 1, 0, 0, 0, 0, time.UTC)
}

func fixed(month time.Month, day int) *cal.Holiday {
	return &cal.Holiday{Month: month, Day: day, Func: cal.CalcDayOfMonth}
}

func nthMonday(month time.Month, n int) *cal.Holiday {
	return &cal.Holiday{Month: month, Weekday: time.Monday, Offset: n, Func: cal.CalcWeekdayOffset}
}

func replaced(list []*cal.Holiday, old, with *cal.Holiday) []*cal.Holiday {
	list = slices.Clone(list)
	if i := slices.Index(list, old); i >= 0 {
		list[i] = with
	}
	return list
}

// setDays returns the day numbers on which a set is closed. A weekend holiday
// with a substitute closes both days; one that moves off a working day closes
// only the day it moves to.
func setDays(set string) ([]int32, error) {
	if set == "" {
		return nil, nil
	}
	i := slices.IndexFunc(holidaySets, func(s holidaySet) bool { return s.name == set })
	if i < 0 {
		var names []string
		for _, s := range holidaySets {
			names = append(names, s.name)
		}
		return nil, fmt.Errorf("holiday_set %q is unknown; use one of %s, or list the days under holidays", set, strings.Join(names, ", "))
	}
	var days []int32
	for y := firstYear; y <= lastYear+1; y++ { // New Year's substitute may fall in December
		for _, h := range holidaySets[i].days {
			actual, observed := h.Calc(y)
			if actual.IsZero() {
				continue
			}
			days = append(days, dayNumber(observed.Date()))
			if wd := actual.Weekday(); wd == time.Saturday || wd == time.Sunday {
				days = append(days, dayNumber(actual.Date()))
			}
		}
	}
	slices.Sort(days)
	return slices.Compact(days), nil
}
