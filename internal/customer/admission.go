package customer

import "slices"

// Admits reports whether a customer whose channel_ids are stored as text may
// sign in on a channel, given whether the channel admits customers of all
// channels.
func Admits(channels string, channelID int64, global bool) bool {
	if channels == "" {
		return global
	}
	return slices.Contains(parseChannels(channels), channelID)
}
