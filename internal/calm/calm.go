// Package calm keeps the garbage collector from running while a program starts
// that imports it. What the packages of this program allocate when they are
// initialised would have it run before main does. This package is initialised
// before those, since it imports nothing else: Go goes by imports, and then by
// the order of paths.
package calm

import "runtime/debug"

// percent is what the heap may grow by before anything is collected: a start
// leaves less than that behind.
const percent = 400

var _ = debug.SetGCPercent(percent)
