package sqldb

import "strconv"

// AnyOf returns the condition " IN ($first,…)" for a list of values that is
// not empty, and the arguments that go with it. The list is padded to a power
// of two by repeating the last value, so that few statement texts arise.
func AnyOf[T any](first int, values []T) (condition string, args []any) {
	size := 1
	for size < len(values) {
		size *= 2
	}
	args = make([]any, size)
	b := append(make([]byte, 0, 8+6*size), " IN ("...)
	for i := range size {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(first+i), 10)
		args[i] = values[min(i, len(values)-1)]
	}
	return string(append(b, ')')), args
}
