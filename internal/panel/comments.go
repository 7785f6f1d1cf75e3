package panel

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/html"
	"clientele/internal/staff"
	"clientele/internal/store"
)

// shownComments is how many comments the page of a customer has.
const shownComments = 50

// linked are the parts of a plain text, with its web addresses as links.
func linked(text string) []TextPart {
	var out []TextPart
	plain := func(s string) {
		if s != "" {
			out = append(out, TextPart{Text: s})
		}
	}
	for text != "" {
		at := -1
		for _, scheme := range []string{"https://", "http://"} {
			if i := strings.Index(text, scheme); i >= 0 && (at < 0 || i < at) {
				at = i
			}
		}
		if at < 0 {
			break
		}
		end := at + strings.IndexFunc(text[at:]+" ", func(r rune) bool { return r <= ' ' || strings.ContainsRune(`<>"'`, r) })
		address := strings.TrimRight(text[at:end], ".,;:!?)")
		plain(text[:at])
		if store.IsWebURL(address) {
			out = append(out, TextPart{address, address})
		} else {
			plain(address)
		}
		text = text[at+len(address):]
	}
	plain(text)
	return out
}

// notesBlock are the comments that are pinned, and where one is added.
func (c *call) notesBlock(s *shopper) *Block {
	b := c.block("comments")
	b.Nothing = c.look.Text("customer.comments.none")
	for i := range s.comments {
		if s.comments[i].Pinned {
			b.Cards = append(b.Cards, Card{ID: "pinned-" + strconv.FormatInt(s.comments[i].ID, 10), Title: s.comments[i].By.Name, When: c.when(s.comments[i].Created), Note: linked(s.comments[i].Text), Actions: c.commentActions(&s.comments[i])})
		}
	}
	c.edit(b, s.ID, "/comments", "customer.comments.add", true)
	return b
}

// author is who is signed in, as comments name them.
func (c *call) author() desk.Author { return desk.Author{StaffID: c.staff.ID, Name: c.staff.Email} }

func (c *call) commentActions(k *desk.Comment) []Action {
	if !c.can(staff.EditCustomers) {
		return nil
	}
	at := c.customerAt(k.CustomerID, "/comments/"+strconv.FormatInt(k.ID, 10))
	var out []Action
	if k.Of(c.author()) {
		out = append(out, Action{Label: c.look.Text("edit"), URL: at, Dialog: true})
	}
	return append(out, Action{Label: c.look.Text("delete"), URL: at + "/delete", Dialog: true, Danger: true})
}

// span is the time that a part of the timeline is of. first tells that nothing
// newer comes before it, last that nothing older comes after.
func (t *Timeline) span(first, last bool) (oldest, newest int64) {
	newest = int64(1 << 62)
	if n := len(t.Entries); n > 0 {
		if !first {
			newest = t.Entries[0].When.unix
		}
		if !last {
			oldest = t.Entries[n-1].When.unix
		}
	}
	return oldest, newest
}

// withComments puts comments between the entries of a part of the timeline, by
// their times. last tells that nothing older comes after.
func (c *call) withComments(t *Timeline, comments []desk.Comment, first, last bool) {
	oldest, newest := t.span(first, last)
	for i := range comments {
		k := &comments[i]
		if k.Created > newest || k.Created < oldest {
			continue
		}
		t.Entries = append(t.Entries, Entry{
			ID: "comment-" + strconv.FormatInt(k.ID, 10), When: c.when(k.Created), Kind: "comment", Who: k.By.Name, What: c.look.Text("customer.comments.one"), Text: linked(k.Text), Actions: c.commentActions(k),
		})
	}
	slices.SortStableFunc(t.Entries, func(x, y Entry) int { return int(y.When.unix - x.When.unix) })
}

// commentForm writes a comment on the customer of the address, a new one or that
// of the address.
func (c *call) commentForm() (*questionPage, *customer.Customer, *desk.Comment, error) {
	k, err := c.oneCustomer()
	if err != nil {
		return nil, nil, nil, err
	}
	old, path := &desk.Comment{CustomerID: k.ID}, "/comments"
	if text := chi.URLParam(c.R, "comment"); text != "" {
		id, err := c.param("comment")
		if err != nil {
			return nil, nil, nil, err
		}
		found, err := c.Desk.Comment(c.R.Context(), c.store.ID, k.ID, id)
		if err != nil {
			return nil, nil, nil, err
		}
		old, path = &found, path+"/"+text
	}
	p := c.ask("customer.comment", c.customerAt(k.ID, path), false, c.customerAt(k.ID, ""), customer.FullName(k.FirstName, k.LastName))
	p.Crumbs = c.belowCustomer(k)
	p.Dialog.Form.Sections[0].Fields = []*html.Field{
		{Name: "comment", Label: c.look.Text("customer.comment.field"), Type: "textarea", Rows: 4, Required: true, MaxLength: 5000, Value: old.Text},
		{Name: "pinned", Label: c.look.Text("customer.comment.pinned"), Type: "check", Checked: old.Pinned},
	}
	return p, k, old, nil
}

func (c *call) commentPage() error {
	p, _, _, err := c.commentForm()
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) saveComment() error {
	p, k, old, err := c.commentForm()
	if err != nil {
		return err
	}
	f := p.Dialog.Form
	if !c.filled(f) {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	do := c.Desk.Add
	if old.ID != 0 {
		do = c.Desk.Change
	}
	if _, err := do(c.R.Context(), c.store.ID, desk.Comment{
		ID: old.ID, CustomerID: k.ID, By: c.author(), Text: strings.ReplaceAll(c.value("comment"), "\r\n", "\n"), Pinned: c.form.Get("pinned") != "",
	}); err != nil {
		return c.again(p, f, err)
	}
	return c.done(c.customerAt(k.ID, ""), "comment_saved")
}

func (c *call) deleteCommentPage() error {
	p, k, old, err := c.commentForm()
	if err != nil {
		return err
	}
	q := c.ask("customer.comment.delete", c.customerAt(k.ID, "/comments/"+strconv.FormatInt(old.ID, 10)+"/delete"), true, c.customerAt(k.ID, ""))
	q.Crumbs, q.Dialog.Lines = p.Crumbs, []string{old.Text}
	return c.show(http.StatusOK, q)
}

func (c *call) deleteComment() error {
	_, k, old, err := c.commentForm()
	if err != nil {
		return err
	}
	if err := c.Desk.Remove(c.R.Context(), c.store.ID, k.ID, old.ID); err != nil {
		return err
	}
	return c.done(c.customerAt(k.ID, ""), "comment_removed")
}
