package customer

import (
	"slices"

	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Channels are the channels of a customer as they are stored; empty: all.
type Channels string

// Admission is the rule by which customers enter a channel: whether the channel
// is open, and whether customers of all channels may sign in there. Everything
// that signs in, keeps a session or acts for a customer asks it.
type Admission struct {
	ChannelID int64
	store.Entrance
}

// Query returns the queries for the admission to a channel, to be run in a
// pipeline.
func (a *Admission) Query(channelID int64) []sqldb.Q {
	a.ChannelID = channelID
	return a.Entrance.Query(channelID)
}

// Enters reports whether a customer may sign in.
func (a *Admission) Enters(channels Channels) bool {
	if channels == "" {
		return a.Open && a.Global
	}
	return a.Serves(channels)
}

// EntersHere is Enters for a customer.
func (a *Admission) EntersHere(c *Customer) bool {
	return a.Enters(Channels(channelText(c.ChannelIDs)))
}

// Serves reports whether a caller that does not sign the customer in, such as
// an app, may act for the customer on the channel: the channel is open, and the
// customer is not confined to others. Unlike for Enters, it does not matter
// whether customers of all channels may sign in there.
func (a *Admission) Serves(channels Channels) bool {
	return a.Open && (channels == "" || slices.Contains(parseChannels(string(channels)), a.ChannelID))
}

// ServesHere is Serves for a customer.
func (a *Admission) ServesHere(c *Customer) bool {
	return a.Serves(Channels(channelText(c.ChannelIDs)))
}

// EntersAs is Enters for the holder of an email address. It goes by the channel
// on which the holder has the address, 0 being all, so that of several holders
// only the one of this channel enters.
func (a *Admission) EntersAs(h *Holder) bool {
	return a.Open && (h.ChannelID == a.ChannelID || h.ChannelID == 0 && a.Global)
}

// Newcomers returns the channels of who registers: where customers of all
// channels may not sign in they belong to the channel alone. nil: all channels.
func (a *Admission) Newcomers() []int64 {
	if a.Global {
		return nil
	}
	return []int64{a.ChannelID}
}

// AdmissionColumns are the columns that Admitted reads. A statement selects them
// after its own and adds AdmissionJoin, so that one statement finds the rows and
// the admission of each.
const AdmissionColumns = `c.channel_ids, ` + store.EntranceColumns

// AdmissionJoin joins the columns to a table, by its alias and its columns
// customer_id and channel_id.
func AdmissionJoin(alias string) string {
	return ` JOIN customers c ON c.store_id = ` + alias + `.store_id AND c.id = ` + alias + `.customer_id` + store.EntranceJoin(alias)
}

// Admitted reports whether the customer of a row with AdmissionColumns from
// column at on may enter a channel.
func Admitted(r *sqldb.Row, at int, channelID int64) bool {
	a := Admission{ChannelID: channelID}
	a.Scan(r, at+1, channelID)
	return a.Enters(Channels(r.Text(at)))
}
