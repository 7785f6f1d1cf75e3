package password

// Sample returns the kind of the hash by which a kind is measured.
func Sample(of string) (string, error) {
	h, err := sample(kind(of))
	return string(h.kind), err
}

// WaitingPerPlace is how many wait for a place at most.
const WaitingPerPlace = waitingPerPlace
