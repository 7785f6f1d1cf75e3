// Package opt holds tri-state values for partial updates, in which "absent",
// "null" and "a value" mean three different things.
package opt

// Field is one member of a partial update. The zero Field is absent: the
// stored value stays as it is.
type Field[T any] struct {
	Set   bool // the member was present
	Null  bool // it was present as null; Value is then the zero T
	Value T
}

// Some returns a present Field.
func Some[T any](v T) Field[T] { return Field[T]{Set: true, Value: v} }

// Null returns a Field that was present as null.
func Null[T any]() Field[T] { return Field[T]{Set: true, Null: true} }

// Or returns the value where there is one (null counts as the zero T) and
// old where the member was absent.
func (f Field[T]) Or(old T) T {
	if f.Set {
		return f.Value
	}
	return old
}
