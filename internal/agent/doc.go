// Package agent is the second stage for agents: what the contacts of one agent, over all channels, and the agent's presence add up to.
//
// Stage 1 tells facts: when the agent had a contact, and when the agent could take contacts. From them follow the moments: for each minute that is over, how long
// the agent was busy, how much work that was (two contacts at once are twice the work), and how long the agent waited for work. A fact that comes late changes the
// minutes that it is about: the difference goes out. Nothing here looks at a clock.
package agent
