package segment

// SetStep has builds look at so many ids at a time.
func (k *Keeper) SetStep(n int64) { k.step = n }
