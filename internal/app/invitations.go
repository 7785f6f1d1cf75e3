package app

import (
	"strconv"

	"clientele/internal/locale"
	"clientele/internal/mail"
	"clientele/internal/sqldb"
	"clientele/internal/staff"
	"clientele/internal/store"
)

// invitations sends invitations to the control panel as emails of a store.
type invitations struct{ *Core }

// Invite implements staff.Mailer.
func (i invitations) Invite(tx *sqldb.Tx, in staff.Invitation) error {
	return i.Mail.Queue(tx, mail.Message{
		Kind: mail.StaffInvited, Site: store.Site{StoreID: in.StoreID}, To: in.To, ToName: in.ToName, Wish: locale.Wish{Chosen: in.Locale}, Expires: in.Expires,
		Data: mail.Data{"link": in.Link, "inviter": in.By, "minutes": strconv.FormatInt((in.Expires-i.System.Now())/60, 10)},
	})
}
