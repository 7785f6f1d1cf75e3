package exec

// Kept is how many fields the plans have that are kept.
func (d *Document) Kept() int { return int(d.fields.Load()) }
