// Package httpapi is what the HTTP endpoints of the roles have in common: bearer tokens ([Token], [Ring], [Bearer]) and problems as RFC 9457 describes them ([Kind],
// [Problem]). What a token permits, and which problems there are, is said by the roles.
package httpapi
