//go:build !linux

package main

// behindOthers does nothing: the service runs on Linux.
func behindOthers() {}
