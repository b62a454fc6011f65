package store

import (
	"context"
	"crypto/sha1"
	"embed"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// script is one of our Lua files in two forms. Redis 7 and later read the first line, "#!lua flags=...", and with it
// refuse a writing script before its first command when memory is short, and allow a reading or freeing one.
// Other servers do not know that line: for them it is a comment.
type script struct {
	headed, plain form
}

type form struct{ source, sha string }

func newForm(source string) form {
	sum := sha1.Sum([]byte(source))
	return form{source: source, sha: hex.EncodeToString(sum[:])}
}

func mustScript(name string) *script {
	prelude, err1 := luaFiles.ReadFile("lua/prelude.lua")
	b, err2 := luaFiles.ReadFile("lua/" + name + ".lua")
	head, body, _ := strings.Cut(string(b), "\n")
	if err1 != nil || err2 != nil || !strings.HasPrefix(head, "#!lua") {
		panic(fmt.Sprintf("store: lua/%s.lua is missing or does not begin with #!lua", name))
	}
	source := head + "\n" + string(prelude) + body
	return &script{headed: newForm(source), plain: newForm("--" + source)}
}

var (
	claimScript    = mustScript("claim")
	createScript   = mustScript("create")
	resetScript    = mustScript("reset")
	readScript     = mustScript("read")
	applyScript    = mustScript("apply")
	outboxScript   = mustScript("outbox")
	trimScript     = mustScript("trim")
	freezeScript   = mustScript("freeze")
	unfreezeScript = mustScript("unfreeze")
	collectScript  = mustScript("collect")
	beatScript     = mustScript("heartbeat")
)

const (
	headerUnknown = iota
	headerTaken
	headerRefused
)

// callHead is the number of arguments before a script's own: EVALSHA, digest, number of keys, key.
const callHead = 4

// newCall begins the arguments of a script call, with room for n more.
func newCall(key string, n int) []any {
	return append(make([]any, 0, callHead+n), "evalsha", "", "1", key)
}

// form picks the form of a script that the server understands.
func (s *Store) form(ctx context.Context, sc *script) (form, error) {
	mode := s.header.Load()
	if mode == headerUnknown {
		mode = headerTaken
		// A server that does not know the line answers with a compile error; other errors decide nothing.
		if err := s.client.Do(ctx, "eval", "#!lua flags=no-writes\nreturn 1", "0").Err(); err != nil {
			if !strings.Contains(err.Error(), "compiling script") {
				return form{}, err
			}
			mode = headerRefused
		}
		s.header.Store(mode)
	}
	if mode == headerTaken {
		return sc.headed, nil
	}
	return sc.plain, nil
}

// run calls a script with arguments begun by newCall and returns its reply: a status word and what belongs to it.
func (s *Store) run(ctx context.Context, sc *script, args []any) ([]any, error) {
	f, err := s.form(ctx, sc)
	if err != nil {
		return nil, err
	}
	args[0], args[1] = "evalsha", f.sha
	cmd := redis.NewCmd(ctx, args...)
	if err := s.client.Process(ctx, cmd); redis.HasErrorPrefix(err, "NOSCRIPT") {
		// The cache of scripts is lost at every restart and fail-over.
		args[0], args[1] = "eval", f.source
		cmd = redis.NewCmd(ctx, args...)
		_ = s.client.Process(ctx, cmd) // the reply below carries the error
	}
	return cmd.Slice()
}

// runAll calls one script many times in one round trip. The replies are in the order of the calls.
func (s *Store) runAll(ctx context.Context, sc *script, calls [][]any) ([][]any, error) {
	f, err := s.form(ctx, sc)
	if err != nil {
		return nil, err
	}
	cmds := make([]*redis.Cmd, len(calls))
	send := func(name, body string, which []int) {
		pipe := s.client.Pipeline()
		for _, i := range which {
			calls[i][0], calls[i][1] = name, body
			cmds[i] = redis.NewCmd(ctx, calls[i]...)
			_ = pipe.Process(ctx, cmds[i])
		}
		_, _ = pipe.Exec(ctx) // every command carries its own error
	}
	all := make([]int, len(calls))
	for i := range all {
		all[i] = i
	}
	send("evalsha", f.sha, all)
	var again []int
	for i, cmd := range cmds {
		if redis.HasErrorPrefix(cmd.Err(), "NOSCRIPT") {
			again = append(again, i)
		}
	}
	if len(again) > 0 {
		send("eval", f.source, again)
	}
	replies := make([][]any, len(calls))
	for i, cmd := range cmds {
		if replies[i], err = cmd.Slice(); err != nil {
			return nil, fmt.Errorf("call %d of %d: %w", i+1, len(calls), err)
		}
	}
	return replies, nil
}

// blob passes bytes to the client by pointer: a slice in an interface would cost an allocation for each value.
type blob []byte

// MarshalBinary implements encoding.BinaryMarshaler for the client's protocol writer.
func (b *blob) MarshalBinary() ([]byte, error) { return *b, nil }
