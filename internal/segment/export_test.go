package segment

import "context"

// SetStep has builds look at so many ids at a time.
func (k *Keeper) SetStep(n int64) { k.step = n }

// SetBite has builds change so many members in one transaction.
func (k *Keeper) SetBite(n int) { k.bite = n }

// Building returns the steps of one build.
func (k *Keeper) Building(storeID, segmentID, version int64) func(context.Context) (done bool, err error) {
	return k.building(storeID, segmentID, version).next
}

// Build is one step of a build that goes on where it was cut off.
func (k *Keeper) Build(ctx context.Context, storeID, segmentID, version int64) (done bool, err error) {
	return k.building(storeID, segmentID, version).next(ctx)
}
