package digest

// A digest in words is a list of blocks. Markdown and HTML write the same blocks; neither knows a KPI.
type block interface{ block() }

// heading begins a section.
type heading struct{ text string }

// para is a paragraph.
type para struct {
	text string
	tone tone
}

// tiles are the numbers in front.
type tiles []tile

type tile struct {
	label, number string
	notes         []string
	tone          tone
}

// points is a list; the strong words come first.
type points []point

type point struct {
	tone         tone
	strong, text string
}

// table has a caption for those who do not see it; the first cell of a row names it, and the first columns (lefts) are words.
type table struct {
	caption string
	lefts   int
	heads   []string
	rows    [][]cell
}

// cell is a number and what stands under it in small.
type cell struct {
	text, note string
	tone       tone
}

// tone is a judgement that is also said in words.
type tone uint8

const (
	plain tone = iota
	good
	bad
	caution
)

func (heading) block() {}
func (para) block()    {}
func (tiles) block()   {}
func (points) block()  {}
func (table) block()   {}

// page is a digest in one language.
type page struct {
	lang, title, subtitle string
	blocks                []block
}

func (p *page) add(b ...block) { p.blocks = append(p.blocks, b...) }
