package sla

import (
	"slices"
	"strings"
	"testing"
)

func TestSurveys(t *testing.T) {
	spec := DefaultPolicy("t", "UTC")
	plain, err := CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(plain.JSON()), "surveys") || plain.Reversed("effort") {
		t.Errorf("a policy that says nothing of surveys: %s", plain.JSON())
	}
	spec.Surveys = map[string]SurveySpec{"effort": {Reversed: true}, "after_call": {}}
	p, err := CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Reversed("effort") || p.Reversed("after_call") || p.Reversed("other") {
		t.Error("reversed surveys")
	}
	if got := p.Spec().SurveyNames(); !slices.Equal(got, []string{"after_call", "effort"}) {
		t.Errorf("names %v", got)
	}
	if q, err := DecodePolicy(p.JSON(), 1); err != nil || !q.Reversed("effort") {
		t.Errorf("decoded: %v", err)
	}
	spec.Surveys = map[string]SurveySpec{"": {}}
	if _, err := CompilePolicy(spec, 1); err == nil || !strings.Contains(err.Error(), "surveys: a name is empty") {
		t.Errorf("a survey without a name: %v", err)
	}
}

func TestSurveyKinds(t *testing.T) {
	spec := DefaultPolicy("acme", "UTC")
	spec.Surveys = map[string]SurveySpec{"a": {Widget: "stars", Moment: "later"}, "b": {}}
	p, err := CompilePolicy(spec, 1)
	if err != nil {
		t.Fatal(err)
	}
	for survey, want := range map[string][2]uint8{"a": {3, 5}, "b": {0, 0}, "unknown": {0, 0}} {
		if widget, moment := p.SurveyKind(survey); widget != want[0] || moment != want[1] {
			t.Errorf("%s: %d and %d, want %v", survey, widget, moment, want)
		}
	}
	if len(SurveyWidgets) > 7 || len(SurveyMoments) > 7 {
		t.Error("there is room for 7 of each")
	}
	spec.Surveys = map[string]SurveySpec{"a": {Widget: "star"}, "b": {Moment: "never"}}
	_, err = CompilePolicy(spec, 1)
	for _, want := range []string{`surveys: "a" has the widget "star"; use thumbs, faces, stars, scale, form`, `surveys: "b" has the moment "never"; use conversation, `} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
