package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// server asks Redis about itself: what the client of the state has no use for. One connection, one question at a time.
type server struct {
	conn net.Conn
	in   *bufio.Reader
}

func dialServer(address string) (*server, error) {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &server{conn, bufio.NewReader(conn)}, nil
}

func (s *server) Close() error { return s.conn.Close() }

// do sends a command and returns its reply: string, int64, []any or nil. An error of the server is an error.
func (s *server) do(words ...string) (any, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	if err := s.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(s.conn, b.String()); err != nil {
		return nil, err
	}
	v, err := s.reply()
	if err != nil {
		return nil, fmt.Errorf("redis %s: %w", words[0], err)
	}
	return v, nil
}

func (s *server) reply() (any, error) {
	line, err := s.in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, rest := line[0], strings.TrimSpace(line[1:])
	switch kind {
	case '+':
		return rest, nil
	case '-':
		return nil, errors.New(rest)
	}
	n, err := strconv.ParseInt(rest, 10, 64)
	switch {
	case err != nil:
		return nil, fmt.Errorf("unexpected reply %q", line)
	case kind == ':':
		return n, nil
	case n < 0:
		return nil, nil
	case kind == '$':
		b := make([]byte, n+2)
		_, err := io.ReadFull(s.in, b)
		return string(b[:n]), err
	case kind != '*':
		return nil, fmt.Errorf("unexpected reply %q", line)
	}
	list := make([]any, n)
	for i := range list {
		if list[i], err = s.reply(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// info returns a section of INFO.
func (s *server) info(section string) (map[string]string, error) {
	v, err := s.do("INFO", section)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	text, _ := v.(string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			out[name] = value
		}
	}
	return out, nil
}

// cpu returns the processor seconds that the server has used so far, all of its threads.
func (s *server) cpu() (float64, error) {
	info, err := s.info("cpu")
	if err != nil {
		return 0, err
	}
	system, err1 := strconv.ParseFloat(info["used_cpu_sys"], 64)
	user, err2 := strconv.ParseFloat(info["used_cpu_user"], 64)
	return system + user, errors.Join(err1, err2)
}

// memory returns the bytes that the server holds in data and what belongs to it.
func (s *server) memory() (float64, error) {
	info, err := s.info("memory")
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(info["used_memory"], 64)
}

// watchScripts makes the server note the duration of every command from now on; applies returns those of the scripts that applied something, in ms, as the server
// saw them: for so long nobody else was served.
func (s *server) watchScripts() error {
	for _, words := range [][]string{{"CONFIG", "SET", "slowlog-max-len", "200000"}, {"CONFIG", "SET", "slowlog-log-slower-than", "0"}, {"SLOWLOG", "RESET"}} {
		if _, err := s.do(words...); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) applies() ([]float64, error) {
	v, err := s.do("SLOWLOG", "GET", "200000")
	if err != nil {
		return nil, err
	}
	var out []float64
	entries, _ := v.([]any)
	for _, e := range entries {
		entry, _ := e.([]any)
		if len(entry) < 4 {
			continue
		}
		micros, _ := entry[2].(int64)
		words, _ := entry[3].([]any)
		// Only apply is called with two positions: from, to.
		if len(words) > 5 && words[0] == "evalsha" && isPosition(words[4]) && isPosition(words[5]) {
			out = append(out, float64(micros)/1000)
		}
	}
	return out, nil
}

func isPosition(v any) bool {
	s, _ := v.(string)
	return strings.Count(s, "/") == 2 && strings.Trim(s, "0123456789/") == ""
}

// forget stops noting and gives the memory back.
func (s *server) forget() error {
	for _, words := range [][]string{{"CONFIG", "SET", "slowlog-log-slower-than", "10000"}, {"SLOWLOG", "RESET"}, {"CONFIG", "SET", "slowlog-max-len", "128"}, {"MEMORY", "PURGE"}} {
		if _, err := s.do(words...); err != nil {
			return err
		}
	}
	return nil
}

// drop removes every key below a prefix.
func (s *server) drop(prefix string) error {
	cursor := "0"
	for {
		v, err := s.do("SCAN", cursor, "MATCH", prefix+"*", "COUNT", "5000")
		if err != nil {
			return err
		}
		page, _ := v.([]any)
		if len(page) != 2 {
			return errors.New("redis SCAN: unexpected reply")
		}
		words := []string{"UNLINK"}
		keys, _ := page[1].([]any)
		for _, k := range keys {
			key, _ := k.(string)
			words = append(words, key)
		}
		if len(words) > 1 {
			if _, err := s.do(words...); err != nil {
				return err
			}
		}
		if cursor, _ = page[0].(string); cursor == "0" || cursor == "" {
			return nil
		}
	}
}
