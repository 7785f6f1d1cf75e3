package pages

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"clientele/internal/fault"
	"clientele/internal/html"
	"clientele/internal/listing"
	"clientele/internal/opt"
	"clientele/internal/wishlist"
)

// The addresses of the original's pages about wishlists.
const (
	wishlistsPath   = "/wishlist.php"
	publicParameter = "publicwishlist" // holds the token of a public list
	ownParameter    = "wishlistid"     // holds the id of an own list
	wishlistsMenu   = "wishlists"      // the entry of the account's menu
)

// How many lists, and how many items of one, are on a page, and how many lists
// the overview names.
const (
	listsLength = 20
	itemsLength = 50
	namesLength = 3
)

// wishlistURL is the page of an action on an own list.
func wishlistURL(action string, id int64) string {
	return wishlistsPath + "?action=" + action + "&" + ownParameter + "=" + strconv.FormatInt(id, 10)
}

// shareURL is the page of a public list, for whoever has its token.
func (c *call) shareURL(token string) string {
	return c.Origin() + wishlistsPath + "?" + publicParameter + "=" + url.QueryEscape(token)
}

// wishlistID is the own list that a page is about.
func (c *call) wishlistID() (int64, error) {
	id, err := strconv.ParseInt(c.R.URL.Query().Get(ownParameter), 10, 64)
	if err != nil || id < 1 {
		return 0, errNoPage
	}
	return id, nil
}

// window is the part of a list that a page shows.
func (c *call) window(length int64) listing.Window {
	at := func(name string) int64 {
		id, err := strconv.ParseInt(c.R.URL.Query().Get(name), 10, 64)
		if err != nil || id < 1 {
			return 0
		}
		return id
	}
	if before := at("before"); before > 0 {
		return listing.Window{Before: before, First: -1, Last: length}
	}
	return listing.Window{After: at("after"), First: length, Last: -1}
}

// around returns the addresses of the pages before and after the one at base
// that shows the entries with the ids first to last.
func around(base string, first, last int64, before, after bool) (prev, next string) {
	u, err := url.Parse(base)
	if err != nil {
		return "", ""
	}
	at := func(name string, id int64) string {
		q := u.Query()
		q.Set(name, strconv.FormatInt(id, 10))
		return u.Path + "?" + q.Encode()
	}
	if before {
		prev = at("before", first)
	}
	if after {
		next = at("after", last)
	}
	return prev, next
}

// wishlists shows the shopper's lists, or anybody the public list whose token
// the address holds.
func (c *call) wishlists() error {
	if token := c.R.URL.Query().Get(publicParameter); token != "" {
		return c.publicWishlist(token)
	}
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	ctx := c.R.Context()
	page, err := c.Wishlists.Page(ctx, c.Site.StoreID, me.ID, c.window(listsLength), wishlist.Filter{})
	if err != nil {
		return err
	}
	ids := make([]int64, len(page.Lists))
	for i := range page.Lists {
		ids[i] = page.Lists[i].ID
	}
	items, err := c.Wishlists.Items(ctx, c.Site.StoreID, ids, listing.Window{First: 1, Last: -1}, wishlist.Filter{})
	if err != nil {
		return err
	}
	p := &wishlistsPage{}
	p.Title, p.Current = c.look.Text("menu.wishlists"), wishlistsMenu
	for i := range page.Lists {
		w := &page.Lists[i]
		var total int64
		if of := items[w.ID]; of != nil {
			total = of.Total
		}
		p.Lists = append(p.Lists, wishlistRow{
			Name: w.Name, Public: w.IsPublic, Count: c.look.Plural("wishlist.count", int(total)),
			View: wishlistURL("viewwishlistitems", w.ID), Edit: wishlistURL("editwishlist", w.ID), Delete: wishlistURL("deletewishlist", w.ID),
		})
	}
	if n := len(ids); n > 0 {
		p.Prev, p.Next = around(wishlistsPath, ids[0], ids[n-1], page.Before, page.After)
	}
	return c.show(http.StatusOK, p)
}

// listNames are the names of a customer's first lists, as the overview shows
// them.
func (c *call) listNames(owner int64) ([]string, error) {
	page, err := c.Wishlists.Page(c.R.Context(), c.Site.StoreID, owner, listing.Window{First: namesLength, Last: -1}, wishlist.Filter{})
	if err != nil {
		return nil, err
	}
	if len(page.Lists) == 0 {
		return []string{c.look.Text("wishlists.empty")}, nil
	}
	var out []string
	for i := range page.Lists {
		out = append(out, page.Lists[i].Name)
	}
	if page.After {
		out = append(out, "…")
	}
	return out, nil
}

// publicWishlist shows a public list without a word about whose it is.
func (c *call) publicWishlist(token string) error {
	w, err := c.Wishlists.Public(c.R.Context(), c.Site.StoreID, token)
	if err != nil {
		return err
	}
	p, err := c.wishlistPage(&w, wishlistsPath+"?"+publicParameter+"="+url.QueryEscape(w.Token))
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, p)
}

func (c *call) ownWishlist() error {
	w, done, err := c.mine()
	if done || err != nil {
		return err
	}
	p, err := c.wishlistPage(w, wishlistURL("viewwishlistitems", w.ID))
	if err != nil {
		return err
	}
	p.Current, p.Own = wishlistsMenu, true
	p.Edit, p.Delete, p.Remove = wishlistURL("editwishlist", w.ID), wishlistURL("deletewishlist", w.ID), wishlistURL("viewwishlistitems", w.ID)
	if w.IsPublic {
		p.Share = c.shareURL(w.Token)
	}
	return c.show(http.StatusOK, p)
}

// mine returns the signed-in shopper's list that a page is about. Without a
// shopper the visitor is led to sign in first, and done is true.
func (c *call) mine() (w *wishlist.Wishlist, done bool, err error) {
	me, done, err := c.signedIn()
	if done || err != nil {
		return nil, done, err
	}
	id, err := c.wishlistID()
	if err != nil {
		return nil, false, err
	}
	found, err := c.Wishlists.Get(c.R.Context(), c.Site.StoreID, me.ID, id)
	return &found, false, err
}

// wishlistPage is the page at base of a list and the items in the window.
func (c *call) wishlistPage(w *wishlist.Wishlist, base string) (*wishlistView, error) {
	all, err := c.Wishlists.Items(c.R.Context(), c.Site.StoreID, []int64{w.ID}, c.window(itemsLength), wishlist.Filter{})
	if err != nil {
		return nil, err
	}
	p := &wishlistView{}
	p.Title = w.Name
	shown := all[w.ID]
	if shown == nil {
		shown = &wishlist.ItemPage{}
	}
	p.Count = c.look.Plural("wishlist.count", int(shown.Total))
	ids := make([]int64, len(shown.Items))
	for i, it := range shown.Items {
		ids[i] = it.ProductID
	}
	products, err := c.Products.ByID(c.R.Context(), c.Site.StoreID, ids)
	if err != nil {
		return nil, err
	}
	for _, it := range shown.Items {
		known, price := products[it.ProductID], ""
		name := c.look.Text("wishlist.product", strconv.FormatInt(it.ProductID, 10))
		if known != nil {
			name, price = known.Name, c.price(known.Price)
		}
		if it.VariantID != 0 {
			name = c.look.Text("wishlist.variant", name, strconv.FormatInt(it.VariantID, 10))
		}
		p.Items = append(p.Items, wishlistItem{ID: it.ID, Name: name, Price: price, Out: known != nil && !known.InStock})
	}
	if n := len(shown.Items); n > 0 {
		p.Prev, p.Next = around(base, shown.Items[0].ID, shown.Items[n-1].ID, shown.Before, shown.After)
	}
	return p, nil
}

// wishlistForm asks for what a list is called and who may see it.
func (c *call) wishlistForm(action, title string, w *wishlist.Wishlist) *formPage {
	p := &formPage{}
	p.Title, p.Current = c.look.Text(title), wishlistsMenu
	p.Form = c.newForm(action, "save",
		&html.Field{Name: "name", Label: c.look.Text("field.wishlist"), Type: "text", Value: w.Name, MaxLength: wishlist.MaxName, Required: true},
		&html.Field{Name: "is_public", Label: c.look.Text("wishlist.share"), Hint: c.look.Text("wishlist.share.hint"), Type: "check", Checked: w.IsPublic})
	p.Form.Cancel = &html.Link{Label: c.look.Text("cancel"), URL: wishlistsPath}
	return p
}

func (c *call) newWishlistForm() *formPage {
	return c.wishlistForm(wishlistsPath+"?action=addwishlist", "wishlist.add", &wishlist.Wishlist{})
}

func (c *call) newWishlistPage() error {
	if _, done, err := c.signedIn(); done || err != nil {
		return err
	}
	return c.show(http.StatusOK, c.newWishlistForm())
}

func (c *call) makeWishlist() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	p := c.newWishlistForm()
	name, public, ok := c.enteredWishlist(p)
	if !ok {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	w, err := c.Wishlists.Create(c.R.Context(), c.Site.StoreID, wishlist.Create{CustomerID: me.ID, Name: name, IsPublic: public})
	if err != nil {
		return c.wishlistRefused(p, err)
	}
	c.Flash("wishlist_saved", "")
	return c.redirect(wishlistURL("viewwishlistitems", w.ID))
}

func (c *call) changeWishlistForm(w *wishlist.Wishlist) *formPage {
	p := c.wishlistForm(wishlistURL("editwishlist", w.ID), "wishlist.edit", w)
	p.Form.Cancel.URL = wishlistURL("viewwishlistitems", w.ID)
	return p
}

func (c *call) changeWishlistPage() error {
	w, done, err := c.mine()
	if done || err != nil {
		return err
	}
	return c.show(http.StatusOK, c.changeWishlistForm(w))
}

func (c *call) changeWishlist() error {
	w, done, err := c.mine()
	if done || err != nil {
		return err
	}
	p := c.changeWishlistForm(w)
	name, public, ok := c.enteredWishlist(p)
	if !ok {
		return c.show(http.StatusUnprocessableEntity, p)
	}
	if _, err := c.Wishlists.Update(c.R.Context(), c.Site.StoreID, w.CustomerID, wishlist.Update{ID: w.ID, Name: opt.Some(name), IsPublic: opt.Some(public)}); err != nil {
		return c.wishlistRefused(p, err)
	}
	c.Flash("wishlist_saved", "")
	return c.redirect(wishlistURL("viewwishlistitems", w.ID))
}

// enteredWishlist reads the form of a list into p, and tells whether it is
// filled in.
func (c *call) enteredWishlist(p *formPage) (name string, public, ok bool) {
	p.Form.Enter(c.form)
	p.Form.Require(c.form, c.look.Catalogue)
	return c.trimmed("name"), c.form.Get("is_public") != "", !p.Form.Bad()
}

// wishlistRefused shows the form of a list again with why it was not accepted.
func (c *call) wishlistRefused(p *formPage, err error) error {
	if !c.explain(p.Form, err) {
		return err
	}
	if f := fault.As(err); len(f.Items) > 0 && f.Items[0].Why == wishlist.WhyManyLists {
		p.Form.Problem = c.look.Text("wrong.wishlists", strconv.Itoa(wishlist.MaxLists))
	}
	return c.show(problemStatus(err), p)
}

func (c *call) deleteWishlistPage() error {
	w, done, err := c.mine()
	if done || err != nil {
		return err
	}
	p := &confirmView{Text: w.Name, Danger: true, Button: c.look.Text("wishlist.delete.submit"), Cancel: &html.Link{Label: c.look.Text("cancel"), URL: wishlistsPath}}
	p.Title, p.Current = c.look.Text("wishlist.delete.title"), wishlistsMenu
	p.Form = c.newForm(wishlistURL("deletewishlist", w.ID), "wishlist.delete.submit")
	return c.show(http.StatusOK, p)
}

func (c *call) deleteWishlist() error {
	me, done, err := c.signedIn()
	if done || err != nil {
		return err
	}
	id, err := c.wishlistID()
	if err != nil {
		return err
	}
	if err := c.Wishlists.Delete(c.R.Context(), c.Site.StoreID, me.ID, id); err != nil {
		if f := fault.As(err); f == nil || f.Kind != fault.NotFound {
			return err
		}
	}
	c.Flash("wishlist_deleted", "")
	return c.redirect(wishlistsPath)
}

// removeWish takes an item off a list. One that is off it already is no error.
func (c *call) removeWish() error {
	w, done, err := c.mine()
	if done || err != nil {
		return err
	}
	item, err := strconv.ParseInt(c.form.Get("item_id"), 10, 64)
	if err != nil {
		return errNoPage
	}
	if _, err := c.Wishlists.RemoveItems(c.R.Context(), c.Site.StoreID, w.CustomerID, w.ID, []int64{item}); err != nil && !errors.Is(err, wishlist.ErrNoItem) {
		return err
	}
	c.Flash("wish_removed", "")
	return c.redirect(wishlistURL("viewwishlistitems", w.ID))
}
