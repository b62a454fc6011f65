// Package explain says why a number is what it is, and what a conversation counts for. Explanations are worked out from the state when they are asked for, and stored nowhere.
//
// A value is taken apart twice: by its counters (the panes that were added up, and how the definition reads them) and by the conversations or customers that are still
// remembered. What these count and what is counted of them by now for good always add up to the counters.
package explain
