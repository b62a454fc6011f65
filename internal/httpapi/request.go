package httpapi

import (
	"net"
	"net/http"
	"strings"
)

// Bearer returns the bearer token of a request, without the blanks around it. ok is false when the request brings none.
func Bearer(r *http.Request) (token string, ok bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}

// BearerOrPassword returns the bearer token of a request or the password of its basic authentication, which is what browsers ask people for. ok is false when the
// request brings neither.
func BearerOrPassword(r *http.Request) (token string, ok bool) {
	if _, password, ok := r.BasicAuth(); ok {
		return password, true
	}
	return Bearer(r)
}

// Local reports whether a Host header names this machine. A page on the web whose name was bound to 127.0.0.1 does not.
func Local(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}
