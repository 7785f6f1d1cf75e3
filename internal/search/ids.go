package search

import "slices"

// Ids of customers are kept as text: the differences of a sorted list, in digits
// of base 47, the lowest first. Those that more follow are of the upper half of
// what ASCII prints.

const (
	digit = 47
	zero  = '!'
	// maxIDs is how many bytes of ids one row holds at most: SQLite keeps what is
	// longer than about 1,000 bytes in pages of their own.
	maxIDs = 900
)

// appendIDs appends sorted ids, the first as its difference from base.
func appendIDs(b []byte, base int64, ids []int64) []byte {
	for _, id := range ids {
		d := uint64(id - base)
		for ; d >= digit; d /= digit {
			b = append(b, zero+digit+byte(d%digit))
		}
		b = append(b, zero+byte(d))
		base = id
	}
	return b
}

// readIDs appends the ids that appendIDs wrote.
func readIDs(into []int64, base int64, text string) []int64 {
	d, scale := int64(0), int64(1)
	for i := 0; i < len(text); i++ {
		c := int64(text[i]) - zero
		if c >= digit {
			d += (c - digit) * scale
			scale *= digit
			continue
		}
		base += d + c*scale
		into = append(into, base)
		d, scale = 0, 1
	}
	return into
}

// merge returns sorted ids with some added and others removed, and by how many
// there are more.
func merge(ids, add, remove []int64) ([]int64, int64) {
	out := make([]int64, 0, len(ids)+len(add))
	i, j := 0, 0
	for i < len(ids) || j < len(add) {
		if j == len(add) || i < len(ids) && ids[i] < add[j] {
			if _, gone := slices.BinarySearch(remove, ids[i]); !gone {
				out = append(out, ids[i])
			}
			i++
			continue
		}
		if i < len(ids) && ids[i] == add[j] {
			i++
		}
		out = append(out, add[j])
		j++
	}
	return out, int64(len(out) - len(ids))
}

// chunks cuts sorted ids into lists whose text fits into a row, the first id of
// each apart.
func chunks(ids []int64) [][]int64 {
	var out [][]int64
	from, size := 0, 0
	for i := 1; i < len(ids); i++ {
		n := textLen(ids[i] - ids[i-1])
		if size+n > maxIDs {
			out = append(out, ids[from:i])
			from, size = i, 0
			continue
		}
		size += n
	}
	if from < len(ids) {
		out = append(out, ids[from:])
	}
	return out
}

func textLen(d int64) int {
	n := 1
	for ; d >= digit; d /= digit {
		n++
	}
	return n
}
