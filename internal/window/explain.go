package window

// Panes tells every cell of the block with the times [from, to) of its pane, in the order of the panes. Of a lean block the cells hold only the counts that it has. The
// cells are the listener's.
func (b *Block) Panes(zone Zone, tell func(from, to int64, g Group, c *Cell)) {
	for _, c := range b.counts {
		from, to := Place{b.chunk, c.number}.Span(zone)
		cell := &Cell{}
		cell.Add(Sample{Metric: c.metric, N: c.n}, 1)
		tell(from, to, b.groups[c.group], cell)
	}
	for i := range b.panes {
		p := &b.panes[i]
		from, to := b.span(p, zone)
		for k, g := range p.groups {
			// DecodeBlock has read every cell once: there is no error here.
			cell, _ := DecodeCell(p.cells[k])
			tell(from, to, g, cell)
		}
	}
}
