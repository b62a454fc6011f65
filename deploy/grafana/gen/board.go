package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// board is one dashboard: rows of panels on a grid of 24 columns.
type board struct {
	uid, title, description string
	kpis                    bool // has the variables of KPIs
	rows                    []row
}

func (b board) file() string { return b.uid + ".json" }

// row is a heading and the panels below it, all of one height.
type row struct {
	title  string
	height uint32
	panels []panel
}

type kind int

const (
	statKind kind = iota
	lines
	bars
	tableKind
)

// panel is one panel of a board.
type panel struct {
	kind               kind
	title, description string
	unit               string
	width              uint32
	queries            []query
	steps              []step // of colour; none is neutral
	min, max           *float64
	decimals           *float64
	units              map[string]string // of a table's columns, where they differ
}

// query is one PromQL expression and the name of its series.
type query struct{ expr, legend string }

// step colours values from a bound on; the first has none.
type step struct {
	from  *float64
	color string
}

// The colours tell states apart for colour-blind people too (Okabe and Ito).
const (
	good = "#009E73"
	warn = "#E69F00"
	bad  = "#D55E00"
	calm = "#0072B2"
)

// falling colours values that are bad when they are low, rising those that are bad when they are high.
func falling(badBelow, goodFrom float64) []step {
	return []step{{nil, bad}, {&badBelow, warn}, {&goodFrom, good}}
}

func rising(warnFrom, badFrom float64) []step {
	return []step{{nil, good}, {&warnFrom, warn}, {&badFrom, bad}}
}

// render builds the board, checks it against Grafana's schema and prints it.
func (b board) render() ([]byte, error) {
	d := dashboard.NewDashboardBuilder(b.title).Uid(b.uid).Description(b.description).Tags([]string{"vigia"}).Timezone("browser").Readonly().
		Tooltip(dashboard.DashboardCursorSyncCrosshair).Time("now-1h", "now").Refresh("15s").Version(1)
	d = d.Link(dashboard.NewDashboardLinkBuilder("Vigia").Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{"vigia"}).AsDropdown(true).IncludeVars(true).KeepTime(true).
		TargetBlank(false).Icon("external link").Tooltip("The other boards of Vigia"))
	for _, v := range b.variables() {
		d = d.WithVariable(v)
	}
	id, y := uint32(1), uint32(0)
	for _, r := range b.rows {
		d = d.WithRow(dashboard.NewRowBuilder(r.title).Id(id).GridPos(dashboard.GridPos{X: 0, Y: y, W: 24, H: 1}))
		id, y = id+1, y+1
		x := uint32(0)
		for _, p := range r.panels {
			if x+p.width > 24 {
				x, y = 0, y+r.height
			}
			d = d.WithPanel(p.build(id, dashboard.GridPos{X: x, Y: y, W: p.width, H: r.height}))
			id, x = id+1, x+p.width
		}
		y += r.height
	}
	built, err := d.Build()
	if err != nil {
		return nil, err
	}
	return legible(built)
}

// variables are those that every board has, and those of boards of KPIs.
func (b board) variables() []cog.Builder[dashboard.VariableModel] {
	text := func(s string) dashboard.StringOrMap { return dashboard.StringOrMap{String: &s} }
	option := func(s string) dashboard.VariableOption {
		v := dashboard.StringOrArrayOfString{String: &s}
		return dashboard.VariableOption{Text: v, Value: v}
	}
	out := []cog.Builder[dashboard.VariableModel]{
		dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus").Description("The Prometheus that scrapes Vigia"),
	}
	if !b.kpis {
		return out
	}
	ask := func(name, label, query string) *dashboard.QueryVariableBuilder {
		return dashboard.NewQueryVariableBuilder(name).Label(label).Datasource(source()).Query(text(query)).Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
			Sort(dashboard.VariableSortAlphabeticalAsc)
	}
	const every = "$__all"
	all := option(every)
	all.Text = dashboard.StringOrArrayOfString{String: new("All")}
	windows := dashboard.NewCustomVariableBuilder("window").Label("Window").Description("How much of the past each value is about").Values(text("5m,15m,1h,today")).Current(option("1h"))
	var options []dashboard.VariableOption
	for _, w := range []string{"5m", "15m", "1h", "today"} {
		options = append(options, option(w))
	}
	return append(out,
		ask("tenant", "Tenant", "label_values(vigia_kpi_up, tenant)"),
		ask("queue", "Queue", `label_values(vigia_kpi_contacts_offered{rollup="queue", tenant="$tenant"}, queue)`).Multi(true).IncludeAll(true).AllValue(".*").Current(all),
		ask("channel", "Channel", `label_values(vigia_kpi_contacts_offered{rollup="channel", tenant="$tenant"}, channel)`).Multi(true).IncludeAll(true).AllValue(".*").Current(all),
		windows.Options(options))
}

func source() common.DataSourceRef {
	return common.DataSourceRef{Type: new("prometheus"), Uid: new("$datasource")}
}

// shared is what the builders of all kinds of panels have in common.
type shared[B any] interface {
	cog.Builder[dashboard.Panel]
	Id(uint32) B
	Title(string) B
	Description(string) B
	Unit(string) B
	GridPos(dashboard.GridPos) B
	Datasource(common.DataSourceRef) B
	Thresholds(cog.Builder[dashboard.ThresholdsConfig]) B
	ColorScheme(cog.Builder[dashboard.FieldColor]) B
	WithTarget(cog.Builder[cogDataquery]) B
	Min(float64) B
	Max(float64) B
	Decimals(float64) B
}

func (p panel) build(id uint32, at dashboard.GridPos) cog.Builder[dashboard.Panel] {
	last := common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}).Values(false).Fields("")
	switch p.kind {
	case statKind:
		return finish(p, id, at, stat.NewPanelBuilder().ReduceOptions(last).ColorMode(common.BigValueColorModeValue).GraphMode(common.BigValueGraphModeArea).
			JustifyMode(common.BigValueJustifyModeAuto).TextMode(common.BigValueTextModeAuto).Orientation(common.VizOrientationAuto), true)
	case bars:
		return finish(p, id, at, bargauge.NewPanelBuilder().ReduceOptions(last).DisplayMode(common.BarGaugeDisplayModeBasic).Orientation(common.VizOrientationHorizontal).
			ShowUnfilled(true), true)
	case tableKind:
		b := table.NewPanelBuilder()
		for _, name := range slices.Sorted(maps.Keys(p.units)) {
			b = b.OverrideByName(name, []dashboard.DynamicConfigValue{{Id: "unit", Value: p.units[name]}})
		}
		return finish(p, id, at, b.WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}}).
			WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: p.columns()}), true)
	}
	return finish(p, id, at, timeseries.NewPanelBuilder().DrawStyle(common.GraphDrawStyleLine).LineWidth(2).FillOpacity(8).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(true).Calcs([]string{})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)), false)
}

// finish sets what all kinds have in common. Instant panels ask for the last value alone.
func finish[B shared[B]](p panel, id uint32, at dashboard.GridPos, b B, instant bool) cog.Builder[dashboard.Panel] {
	b = b.Id(id).Title(p.title).Description(p.description).Unit(p.unit).GridPos(at).Datasource(source())
	steps := p.steps
	if len(steps) == 0 {
		steps = []step{{nil, calm}}
	}
	var thresholds []dashboard.Threshold
	for _, s := range steps {
		thresholds = append(thresholds, dashboard.Threshold{Value: s.from, Color: s.color})
	}
	b = b.Thresholds(dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(thresholds))
	scheme := dashboard.FieldColorModeIdThresholds
	if !instant {
		scheme = dashboard.FieldColorModeIdPaletteClassic
	}
	b = b.ColorScheme(dashboard.NewFieldColorBuilder().Mode(scheme))
	if p.min != nil {
		b = b.Min(*p.min)
	}
	if p.max != nil {
		b = b.Max(*p.max)
	}
	if p.decimals != nil {
		b = b.Decimals(*p.decimals)
	}
	for i, q := range p.queries {
		target := prometheus.NewDataqueryBuilder().Expr(q.expr).LegendFormat(q.legend).RefId(string(rune('A' + i))).Datasource(source())
		if p.kind == tableKind {
			target = target.Format(prometheus.PromQueryFormatTable)
		} else {
			target = target.Format(prometheus.PromQueryFormatTimeSeries)
		}
		if p.kind == tableKind || p.kind == bars {
			target = target.Instant()
		} else {
			target = target.Range()
		}
		b = b.WithTarget(target)
	}
	return b
}

// columns names the columns of a table after its queries, which the merge calls "Value #A" and so on.
func (p panel) columns() map[string]any {
	names, order := map[string]any{}, map[string]any{"queue": 0}
	for i, q := range p.queries {
		from := fmt.Sprintf("Value #%c", 'A'+i)
		names[from], order[from] = q.legend, i+1
	}
	return map[string]any{"excludeByName": map[string]any{"Time": true}, "renameByName": names, "indexByName": order}
}
