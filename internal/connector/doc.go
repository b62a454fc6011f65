// Package connector brings interactions in: it receives events safely, hides who they are about, and writes them to the log.
//
// [Handler] is the endpoint POST /ingest/v1/events (README.md beside this file documents it for clients), and [Handler.Accept] the same way without HTTP, for replay
// and simulation. [Handler.Hooks] is where vendors call: a [Channel] knows how one of them signs and what its deliveries mean, and lives in a folder of its own below this one.
// An answer of 2xx means that the log has every event of the request. Nothing that names a person passes: see [event.Pseudonymise].
//
// [Handler.Run] tells the workers when they cannot trust silence: it announces a gap for every source whose events the log refused, and keeps the heartbeats of the
// declared sources.
package connector
