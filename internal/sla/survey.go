package sla

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// SurveySpec says how the answers of one survey are to be read.
type SurveySpec struct {
	// Reversed is set when low scores are good ones, as "how much effort was it?"
	// from little to much: answers count as if the scale ran the other way.
	Reversed bool `json:"reversed,omitempty" yaml:"reversed,omitempty"`
	// Widget is what customers answer on, one of [SurveyWidgets], and Moment when
	// they are asked, one of [SurveyMoments]: feedback conversion is told by both.
	Widget string `json:"widget,omitempty" yaml:"widget,omitempty"`
	Moment string `json:"moment,omitempty" yaml:"moment,omitempty"`
}

// SurveyWidgets and SurveyMoments are the kinds of requests, at most 7 of each;
// new ones are added at the end, for their places are stored.
var (
	SurveyWidgets = []string{"thumbs", "faces", "stars", "scale", "form"}
	SurveyMoments = []string{"conversation", "resolution", "purchase", "visit", "later"}
)

func (p *Policy) compileSurveys() error {
	if _, ok := p.spec.Surveys[""]; ok {
		return errors.New("surveys: a name is empty; write the survey_id that events carry")
	}
	var errs []error
	for _, name := range p.spec.SurveyNames() {
		s := p.spec.Surveys[name]
		if s.Widget != "" && !slices.Contains(SurveyWidgets, s.Widget) {
			errs = append(errs, fmt.Errorf("surveys: %q has the widget %q; use %s", name, s.Widget, strings.Join(SurveyWidgets, ", ")))
		}
		if s.Moment != "" && !slices.Contains(SurveyMoments, s.Moment) {
			errs = append(errs, fmt.Errorf("surveys: %q has the moment %q; use %s", name, s.Moment, strings.Join(SurveyMoments, ", ")))
		}
	}
	return errors.Join(errs...)
}

// SurveyKind returns the places of a survey's widget and moment in [SurveyWidgets]
// and [SurveyMoments], from 1; 0 is not told.
func (p *Policy) SurveyKind(survey string) (widget, moment uint8) {
	s := p.spec.Surveys[survey]
	return uint8(slices.Index(SurveyWidgets, s.Widget) + 1), uint8(slices.Index(SurveyMoments, s.Moment) + 1)
}

// Reversed reports whether low scores of a survey are good ones.
func (p *Policy) Reversed(survey string) bool { return p.spec.Surveys[survey].Reversed }

// SurveyNames lists the surveys that the rules name, in order.
func (s PolicySpec) SurveyNames() []string { return slices.Sorted(maps.Keys(s.Surveys)) }
