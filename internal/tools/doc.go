// Package tools is a module of its own: it pins the programs that build and
// check Vigia (buf, protoc-gen-go, staticcheck), so that the module that users
// import stays light.
//
// Run one with
//
//	go tool -modfile=internal/tools/go.mod NAME
//
// To change a version, work inside this folder with an exact version:
//
//	go get -tool honnef.co/go/tools/cmd/staticcheck@v0.8.2
package tools
