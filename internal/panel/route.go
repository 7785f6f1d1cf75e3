package panel

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/history"
	"clientele/internal/serve"
	"clientele/internal/staff"
	"clientele/internal/store"
)

// Need is what it takes to come to a page. The zero Need is none, and no route
// has it.
type Need struct {
	kind needKind
	// Permission is needed in the store of the address or, of Everywhere, in all.
	Permission staff.Permission
}

type needKind int

const (
	open       needKind = iota + 1 // anybody
	waiting                        // who has given a password and owes a second factor
	enrolling                      // who is signed in, also who has to set up a second factor first
	person                         // who is signed in
	inStore                        // who has a permission in the store of the address
	everywhere                     // who has a permission in all stores
	owning                         // an owner of all stores
)

// Open is for anybody.
var Open = Need{kind: open}

// Owning is for owners of all stores.
var Owning = Need{kind: owning}

// Waiting is for who owes a second factor, Enrolling for who may have to set one
// up first, and Person for who is signed in.
var (
	Waiting   = Need{kind: waiting}
	Enrolling = Need{kind: enrolling}
	Person    = Need{kind: person}
)

// In is for who has a permission in the store of the address.
func In(p staff.Permission) Need { return Need{inStore, p} }

// Everywhere is for who has a permission in all stores.
func Everywhere(p staff.Permission) Need { return Need{everywhere, p} }

// Declared reports whether the need is one.
func (n Need) Declared() bool { return n.kind != 0 }

// OfStore reports whether the page is about a store.
func (n Need) OfStore() bool { return n.kind == inStore }

// Public reports whether anybody may come.
func (n Need) Public() bool { return n.kind == open || n.kind == waiting }

// Met reports whether a person who is signed in has what the page needs, in the
// store of the address.
func (n Need) Met(r staff.Rights, storeID int64) bool {
	switch n.kind {
	case inStore:
		return r.Can(n.Permission, storeID)
	case everywhere:
		return r.Can(n.Permission, staff.AllStores)
	case owning:
		return r.Owns(staff.AllStores)
	}
	return true
}

// Route is a page or what its forms are sent to.
type Route struct {
	Method, Pattern string
	Need            Need
	// Sudo asks for the password or passkey once more if the last time was not
	// lately.
	Sudo bool
	// Aside: that it is asked does not tell that somebody is there. Pages ask it by
	// themselves.
	Aside bool
	// Streams: what is posted is a file, which the handler reads as it comes.
	Streams bool
	handle  func(*call) error
}

func get(at string, need Need, h func(*call) error) Route {
	return Route{Method: http.MethodGet, Pattern: Base + at, Need: need, handle: h}
}

func post(at string, need Need, h func(*call) error) Route {
	return Route{Method: http.MethodPost, Pattern: Base + at, Need: need, handle: h}
}

// sudo is a route that asks for a proof.
func sudo(r Route) Route {
	r.Sudo = true
	return r
}

// asides is a route that pages ask by themselves.
func asides(r Route) Route {
	r.Aside = true
	return r
}

// mayOpen reports whether there is a page of a pattern, and who is signed in may
// come to it in the store of the page. Links go by what the routes declare.
func (c *call) mayOpen(pattern string) bool {
	need, is := c.needs[Base+pattern]
	return is && need.Met(c.staff.Rights, c.store.ID)
}

// ofStore is where the pages of a store are.
const ofStore = "/store/{store}"

// Routes returns all pages.
func (p *Panel) Routes() []Route {
	return slices.Concat(hookRoutes(), accountRoutes(), tokenRoutes(), bulkRoutes(), importRoutes(), exportRoutes(),
		settingRoutes(), fieldRoutes(), attributeRoutes(), channelRoutes(), systemRoutes(), []Route{
			get("", Open, (*call).start),
			get("/setup", Open, (*call).setupPage), post("/setup", Open, (*call).setup),
			get("/setup/store", Everywhere(staff.Settings), (*call).setupStorePage), post("/setup/store", Everywhere(staff.Settings), (*call).setupStore),
			get("/sign-in", Open, (*call).signInPage), post("/sign-in", Open, (*call).signIn),
			get("/second-factor", Waiting, (*call).factorPage), post("/second-factor", Waiting, (*call).giveFactor),
			post("/passkey/options", Open, (*call).passkeyOptions), post("/passkey/answer", Open, (*call).passkeyAnswer),
			get("/single-sign-on", Open, (*call).signOn), get("/single-sign-on/callback", Open, (*call).signedOn),
			get("/invitation", Open, (*call).invitationPage), post("/invitation", Open, (*call).acceptInvitation),
			post("/sign-out", Enrolling, (*call).signOut),
			get("/prove", Person, (*call).provePage), post("/prove", Person, (*call).prove),
			post("/appearance", Open, (*call).appearance),
			get("/help", Person, (*call).helpPage),

			get("/profile", Person, (*call).profilePage), post("/profile", Person, (*call).saveProfile),
			get("/profile/password", Person, (*call).passwordPage), post("/profile/password", Person, (*call).changePassword),
			get("/profile/security", Enrolling, (*call).securityPage),
			get("/profile/security/app", Enrolling, (*call).appPage), post("/profile/security/app", Enrolling, (*call).confirmApp),
			get("/profile/security/app/remove", Person, (*call).removeAppPage), sudo(post("/profile/security/app/remove", Person, (*call).removeApp)),
			sudo(post("/profile/security/codes", Person, (*call).newCodes)),
			get("/profile/security/passkey/remove", Person, (*call).removePasskeyPage), sudo(post("/profile/security/passkey/remove", Person, (*call).removePasskey)),
			get("/profile/sessions", Person, (*call).sessionsPage), post("/profile/sessions", Person, (*call).endSession),

			get("/stores", Person, (*call).storesPage),
			sudo(get("/stores/new", Owning, (*call).newStorePage)), sudo(post("/stores/new", Owning, (*call).makeStore)),
			sudo(get("/stores/{hash}/archive", Owning, (*call).archivePage)), sudo(post("/stores/{hash}/archive", Owning, (*call).archiveStore)),
			sudo(get("/stores/{hash}/restore", Owning, (*call).restorePage)), sudo(post("/stores/{hash}/restore", Owning, (*call).restoreStore)),

			get(ofStore, In(staff.SeeCustomers), (*call).homePage),
			get(ofStore+"/groups", In(staff.SeeCustomers), (*call).groupsPage),
			get(ofStore+"/groups/new", In(staff.Structure), (*call).newGroupPage), post(ofStore+"/groups/new", In(staff.Structure), (*call).makeGroup),
			get(ofStore+"/groups/{id}", In(staff.SeeCustomers), (*call).groupPage), post(ofStore+"/groups/{id}", In(staff.Structure), (*call).saveGroup),
			sudo(get(ofStore+"/groups/{id}/delete", In(staff.Structure), (*call).deleteGroupPage)), sudo(post(ofStore+"/groups/{id}/delete", In(staff.Structure), (*call).deleteGroup)),
			post(ofStore+"/groups/{id}/copy", In(staff.Structure), (*call).copyGroup),
			get(ofStore+"/segments", In(staff.SeeCustomers), (*call).segmentsPage),
			get(ofStore+"/segments/new", In(staff.Segments), (*call).newSegmentPage), post(ofStore+"/segments/new", In(staff.Segments), (*call).addSegment),
			get(ofStore+"/segments/{id}", In(staff.SeeCustomers), (*call).oneSegmentPage), asides(get(ofStore+"/segments/{id}/live", In(staff.SeeCustomers), (*call).segmentLive)),
			get(ofStore+"/segments/{id}/edit", In(staff.Segments), (*call).editSegmentPage), post(ofStore+"/segments/{id}/edit", In(staff.Segments), (*call).saveSegment),
			post(ofStore+"/segments/{id}/members", In(staff.Segments), (*call).addMembers), post(ofStore+"/segments/{id}/remove", In(staff.Segments), (*call).removeSegmentMember),
			sudo(get(ofStore+"/segments/{id}/delete", In(staff.Segments), (*call).deleteSegmentPage)), sudo(post(ofStore+"/segments/{id}/delete", In(staff.Segments), (*call).deleteSegment)),
			get(ofStore+"/history", In(staff.History), (*call).historyPage), sudo(get(ofStore+"/history/export", In(staff.History), (*call).exportHistory)),
			get(ofStore+"/search", In(staff.SeeCustomers), (*call).searchPage),
			get(ofStore+"/customers", In(staff.SeeCustomers), (*call).customersPage), get(ofStore+"/customers/count", In(staff.SeeCustomers), (*call).countPage),
			get(ofStore+"/customers/filter", In(staff.SeeCustomers), (*call).filterPage), post(ofStore+"/customers/filter", In(staff.SeeCustomers), (*call).setFilter),
			get(ofStore+"/customers/columns", In(staff.SeeCustomers), (*call).columnsPage), post(ofStore+"/customers/columns", In(staff.SeeCustomers), (*call).chooseColumns),
			get(ofStore+"/customers/segment", In(staff.Segments), (*call).segmentPage), post(ofStore+"/customers/segment", In(staff.Segments), (*call).makeSegment),
			get(ofStore+"/customers/api", In(staff.SeeCustomers), (*call).customersAPI), get(ofStore+"/customers/{id}/api", In(staff.SeeCustomers), (*call).customerAPI),
			get(ofStore+"/customers/view", In(staff.SeeCustomers), (*call).viewPage), post(ofStore+"/customers/view", In(staff.SeeCustomers), (*call).saveView),
			get(ofStore+"/customers/views/{id}/remove", In(staff.SeeCustomers), (*call).removeViewPage), post(ofStore+"/customers/views/{id}/remove", In(staff.SeeCustomers), (*call).removeView),
			get(ofStore+"/customers/{id}/comments", In(staff.EditCustomers), (*call).commentPage), post(ofStore+"/customers/{id}/comments", In(staff.EditCustomers), (*call).saveComment),
			get(ofStore+"/customers/{id}/comments/{comment}", In(staff.EditCustomers), (*call).commentPage), post(ofStore+"/customers/{id}/comments/{comment}", In(staff.EditCustomers), (*call).saveComment),
			get(ofStore+"/customers/{id}/comments/{comment}/delete", In(staff.EditCustomers), (*call).deleteCommentPage), post(ofStore+"/customers/{id}/comments/{comment}/delete", In(staff.EditCustomers), (*call).deleteComment),
			get(ofStore+"/customers/new", In(staff.EditCustomers), (*call).newCustomerPage), post(ofStore+"/customers/new", In(staff.EditCustomers), (*call).makeCustomer),
			get(ofStore+"/customers/check", In(staff.EditCustomers), (*call).checkEmailPage),
			get(ofStore+"/customers/{id}/edit", In(staff.EditCustomers), (*call).editPage), post(ofStore+"/customers/{id}/edit", In(staff.EditCustomers), (*call).saveDetails),
			get(ofStore+"/customers/{id}/group", In(staff.EditCustomers), (*call).changeGroupPage), post(ofStore+"/customers/{id}/group", In(staff.EditCustomers), (*call).changeGroup),
			get(ofStore+"/customers/{id}/credit", In(staff.StoreCredit), (*call).creditPage), post(ofStore+"/customers/{id}/credit", In(staff.StoreCredit), (*call).giveCredit),
			get(ofStore+"/customers/{id}/attributes", In(staff.EditCustomers), (*call).attributesPage), post(ofStore+"/customers/{id}/attributes", In(staff.EditCustomers), (*call).saveAttributes),
			get(ofStore+"/customers/{id}/form-fields", In(staff.EditCustomers), (*call).formFieldsPage), post(ofStore+"/customers/{id}/form-fields", In(staff.EditCustomers), (*call).saveFormFields),
			get(ofStore+"/customers/{id}/addresses", In(staff.EditCustomers), (*call).addressPage), post(ofStore+"/customers/{id}/addresses", In(staff.EditCustomers), (*call).saveAddress),
			get(ofStore+"/customers/{id}/addresses/{address}", In(staff.EditCustomers), (*call).addressPage), post(ofStore+"/customers/{id}/addresses/{address}", In(staff.EditCustomers), (*call).saveAddress),
			get(ofStore+"/customers/{id}/addresses/{address}/delete", In(staff.EditCustomers), (*call).deleteAddressPage), post(ofStore+"/customers/{id}/addresses/{address}/delete", In(staff.EditCustomers), (*call).deleteAddress),
			get(ofStore+"/customers/{id}/reset-email", In(staff.Access), (*call).resetEmailPage), post(ofStore+"/customers/{id}/reset-email", In(staff.Access), (*call).sendResetEmail),
			sudo(get(ofStore+"/customers/{id}/password", In(staff.Access), (*call).customerPasswordPage)), sudo(post(ofStore+"/customers/{id}/password", In(staff.Access), (*call).setCustomerPassword)),
			get(ofStore+"/customers/{id}/require-password", In(staff.Access), (*call).requirePasswordPage), post(ofStore+"/customers/{id}/require-password", In(staff.Access), (*call).requirePassword),
			get(ofStore+"/customers/{id}/unlock", In(staff.Access), (*call).unlockPage), post(ofStore+"/customers/{id}/unlock", In(staff.Access), (*call).unlock),
			get(ofStore+"/customers/{id}/end-sessions", In(staff.Access), (*call).endSessionsPage), post(ofStore+"/customers/{id}/end-sessions", In(staff.Access), (*call).endSessions),
			sudo(get(ofStore+"/customers/{id}/sign-in-as", In(staff.SignInAs), (*call).signInAsPage)), sudo(post(ofStore+"/customers/{id}/sign-in-as", In(staff.SignInAs), (*call).signInAs)),
			get(ofStore+"/customers/{id}/merge", In(staff.Merge), (*call).mergePage), post(ofStore+"/customers/{id}/merge", In(staff.Merge), (*call).mergeCustomers), post(ofStore+"/customers/{id}/merge/with", In(staff.Merge), (*call).mergeWith),
			get(ofStore+"/merges", In(staff.SeeCustomers), (*call).mergesPage), get(ofStore+"/merges/{id}", In(staff.SeeCustomers), (*call).onMergePage),
			get(ofStore+"/merges/{id}/part", In(staff.Merge), (*call).partPage), post(ofStore+"/merges/{id}/part", In(staff.Merge), (*call).partCustomers),
			get(ofStore+"/duplicates", In(staff.SeeCustomers), (*call).duplicatesPage), post(ofStore+"/duplicates/{id}", In(staff.Merge), (*call).dismissPair),
			get(ofStore+"/duplicates/find", In(staff.Merge), (*call).findPage), post(ofStore+"/duplicates/find", In(staff.Merge), (*call).findDuplicates),
			sudo(get(ofStore+"/customers/{id}/data", In(staff.PersonalData), (*call).dataPage)), sudo(post(ofStore+"/customers/{id}/data", In(staff.PersonalData), (*call).downloadData)),
			sudo(get(ofStore+"/customers/{id}/erase", In(staff.PersonalData), (*call).erasePage)), sudo(post(ofStore+"/customers/{id}/erase", In(staff.PersonalData), (*call).eraseCustomer)),
			sudo(get(ofStore+"/customers/{id}/delete", In(staff.DeleteCustomers), (*call).deleteCustomerPage)), sudo(post(ofStore+"/customers/{id}/delete", In(staff.DeleteCustomers), (*call).deleteCustomer)),
			get(ofStore+"/customers/{id}", In(staff.SeeCustomers), (*call).customerPage), post(ofStore+"/customers/{id}/instruments", In(staff.EditCustomers), (*call).removeInstrument),
			get(ofStore+"/subscribers", In(staff.SeeCustomers), (*call).subscribersPage), get(ofStore+"/subscribers/api", In(staff.SeeCustomers), (*call).subscribersAPI),
			get(ofStore+"/subscribers/new", In(staff.Subscribers), (*call).newSubscriberPage), post(ofStore+"/subscribers/new", In(staff.Subscribers), (*call).addSubscriber),
			get(ofStore+"/subscribers/view", In(staff.SeeCustomers), (*call).viewPage), post(ofStore+"/subscribers/view", In(staff.SeeCustomers), (*call).saveView),
			get(ofStore+"/subscribers/views/{id}/remove", In(staff.SeeCustomers), (*call).removeViewPage), post(ofStore+"/subscribers/views/{id}/remove", In(staff.SeeCustomers), (*call).removeView),
			get(ofStore+"/subscribers/waiting/{id}", In(staff.SeeCustomers), (*call).waitingPage),
			get(ofStore+"/subscribers/waiting/{id}/send", In(staff.Subscribers), (*call).confirmAgainPage), post(ofStore+"/subscribers/waiting/{id}/send", In(staff.Subscribers), (*call).confirmAgain),
			get(ofStore+"/subscribers/waiting/{id}/drop", In(staff.Subscribers), (*call).dropWaitingPage), post(ofStore+"/subscribers/waiting/{id}/drop", In(staff.Subscribers), (*call).dropWaiting),
			get(ofStore+"/subscribers/{id}", In(staff.SeeCustomers), (*call).subscriberPage), get(ofStore+"/subscribers/{id}/api", In(staff.SeeCustomers), (*call).subscriberAPI),
			get(ofStore+"/subscribers/{id}/proof", In(staff.Subscribers), (*call).proofPage), sudo(get(ofStore+"/subscribers/{id}/proof.json", In(staff.Subscribers), (*call).proofJSON)),
			get(ofStore+"/subscribers/{id}/unsubscribe", In(staff.Subscribers), (*call).unsubscribePage), post(ofStore+"/subscribers/{id}/unsubscribe", In(staff.Subscribers), (*call).unsubscribeSubscriber),
			get(ofStore+"/subscribers/{id}/reachable", In(staff.Subscribers), (*call).reachablePage), post(ofStore+"/subscribers/{id}/reachable", In(staff.Subscribers), (*call).reachableSubscriber),
			get(ofStore+"/subscribers/{id}/delete", In(staff.Subscribers), (*call).deleteSubscriberPage), post(ofStore+"/subscribers/{id}/delete", In(staff.Subscribers), (*call).deleteSubscriber),
			get(ofStore+"/emails", In(staff.Emails), (*call).emailsPage), get(ofStore+"/emails/{id}", In(staff.Emails), (*call).emailPage), get(ofStore+"/emails/{id}/body", In(staff.Emails), (*call).emailBody),
			get(ofStore+"/emails/{id}/again", In(staff.Emails), (*call).againPage), post(ofStore+"/emails/{id}/again", In(staff.Emails), (*call).sendEmailAgain),
			get(ofStore+"/texts", In(staff.Settings), (*call).textsPage), get(ofStore+"/texts/{id}", In(staff.Settings), (*call).textPage), post(ofStore+"/texts/{id}", In(staff.Settings), (*call).saveText),
			get(ofStore+"/texts/{id}/preview", In(staff.Settings), (*call).textPreview), post(ofStore+"/texts/{id}/preview", In(staff.Settings), (*call).draftPreview),
			post(ofStore+"/texts/{id}/test", In(staff.Settings), (*call).testText), post(ofStore+"/texts/{id}/undo", In(staff.Settings), (*call).undoText),
			get(ofStore+"/texts/{id}/reset", In(staff.Settings), (*call).resetTextPage), post(ofStore+"/texts/{id}/reset", In(staff.Settings), (*call).resetText),
			get(ofStore+"/privacy", In(staff.PersonalData), (*call).privacyPage),
			get(ofStore+"/privacy/requests/new", In(staff.PersonalData), (*call).newRequestPage), post(ofStore+"/privacy/requests/new", In(staff.PersonalData), (*call).addRequest),
			get(ofStore+"/privacy/requests/{id}/decline", In(staff.PersonalData), (*call).declinePage), post(ofStore+"/privacy/requests/{id}/decline", In(staff.PersonalData), (*call).declineRequest),
			sudo(get(ofStore+"/privacy/download", In(staff.PersonalData), (*call).personDataPage)), sudo(post(ofStore+"/privacy/download", In(staff.PersonalData), (*call).downloadPerson)),
			sudo(get(ofStore+"/privacy/erase", In(staff.PersonalData), (*call).erasePersonPage)), sudo(post(ofStore+"/privacy/erase", In(staff.PersonalData), (*call).erasePerson)),
			get(ofStore+"/privacy/erasures/{id}", In(staff.PersonalData), (*call).erasurePage), get(ofStore+"/privacy/erasures/{id}/certificate.json", In(staff.PersonalData), (*call).certificateJSON),
			get(ofStore+"/consents", In(staff.Subscribers), (*call).consentsPage), get(ofStore+"/unsubscribed", In(staff.SeeCustomers), (*call).unsubscribedPage),
			get(ofStore+"/staff", In(staff.ManageStaff), (*call).staffPage),
			sudo(get(ofStore+"/staff/new", In(staff.ManageStaff), (*call).invitePage)), sudo(post(ofStore+"/staff/new", In(staff.ManageStaff), (*call).invite)),
			get(ofStore+"/staff/{id}", In(staff.ManageStaff), (*call).memberPage), sudo(post(ofStore+"/staff/{id}", In(staff.ManageStaff), (*call).saveMember)),
			get(ofStore+"/staff/{id}/remove", In(staff.ManageStaff), (*call).removeMemberPage), sudo(post(ofStore+"/staff/{id}/remove", In(staff.ManageStaff), (*call).removeMember)),
			get(ofStore+"/staff/{id}/reset", In(staff.ManageStaff), (*call).resetFactorPage), sudo(post(ofStore+"/staff/{id}/reset", In(staff.ManageStaff), (*call).resetFactor)),
			sudo(post(ofStore+"/staff/{id}/invite", In(staff.ManageStaff), (*call).inviteAgain)),
			sudo(post(ofStore+"/staff/{id}/end", In(staff.ManageStaff), (*call).endMember)),
		})
}

// serve makes a handler of HTTP.
func (p *Panel) serve(rt Route) http.HandlerFunc {
	pipe := p.pipe.Route("", rt.Pattern)
	return func(w http.ResponseWriter, r *http.Request) {
		x := new(serve.Exchange)
		c := &call{Panel: p, exchange: x, W: x, R: r, route: rt}
		c.speak("")
		pipe.Serve(x, w, r, c, func() error {
			c.R, x.Came.Surface = x.Request(), history.Panel
			led, err := c.open()
			if led || err != nil {
				return err
			}
			return rt.handle(c)
		})
	}
}

// open finds out who comes, and whether they may. led tells that they were sent
// elsewhere.
func (c *call) open() (led bool, err error) {
	if !c.reachable(c.R) {
		return false, errNoPage
	}
	peer := c.visits.Peer(c.R, false)
	c.client = staff.Client{Peer: peer, UserAgent: c.R.UserAgent(), Previous: c.cookie(sessionCookie), Browser: c.cookie(browserCookie)}
	history.Arrive(c.R.Context(), peer.Address)
	if err := c.genuine(); err != nil {
		return false, err
	}
	authenticate := c.Staff.Authenticate
	if c.route.Aside {
		authenticate = c.Staff.Recognise
	}
	if c.staff, err = authenticate(c.R.Context(), c.client.Previous); err != nil {
		return false, err
	}
	if c.staff != nil {
		c.speak(c.staff.Locale)
	}
	if c.R.Method == http.MethodPost && !c.route.Streams {
		if err := c.read(); err != nil {
			return false, err
		}
	}
	return c.admit()
}

// genuine refuses what another site's page sends.
func (c *call) genuine() error {
	r := c.R
	if host := c.visits.Host(r); host != r.Host { // as the browser names it
		r = r.Clone(r.Context())
		r.Host = host
	}
	if c.cross.Check(r) != nil {
		return errForged
	}
	return nil
}

// admit reports whether who comes has what the page needs, or sends them to
// where they get it.
func (c *call) admit() (led bool, err error) {
	need, in := c.route.Need, c.staff
	switch {
	case need.kind == open:
		return false, nil
	case in == nil:
		return true, c.askWho()
	case in.Session.Stage == staff.NeedsFactor:
		if need.kind == waiting {
			return false, nil
		}
		return true, c.redirect(c.with(Base+"/second-factor", "to", c.here()))
	case need.kind == waiting:
		return true, c.redirect(c.to())
	case in.Session.Stage == staff.NeedsEnroll && need.kind != enrolling:
		return true, c.redirect(Base + "/profile/security")
	}
	storeID := int64(staff.AllStores)
	if need.OfStore() {
		if c.store, err = c.findStore(chi.URLParam(c.R, "store")); err != nil {
			return false, err
		}
		storeID = c.store.ID
		c.exchange.StoreHash = c.store.Hash
	}
	if !need.Met(in.Rights, storeID) {
		return false, errDenied
	}
	if c.route.Sudo && !c.Staff.Proved(in) {
		return true, c.askProof()
	}
	return false, nil
}

// findStore returns a store that who is signed in belongs to. Of others nobody
// learns whether there are any.
func (c *call) findStore(hash string) (*store.Store, error) {
	st, err := c.Stores.ByHash(c.R.Context(), hash)
	if err != nil {
		return nil, err
	}
	if !c.staff.Rights.In(st.ID) || st.DateArchived != 0 {
		return nil, errNoPage
	}
	return st, nil
}

// askWho sends to where one signs in, or says how the panel is claimed.
func (c *call) askWho() error {
	some, err := c.Staff.Any(c.R.Context())
	if err != nil {
		return err
	}
	if !some {
		return c.redirect(Base)
	}
	// A link in an email comes without the cookie, which is for this site alone.
	// Loaded anew by a page of this site, it comes with it.
	if c.R.Method == http.MethodGet && c.R.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return c.reload()
	}
	return c.redirect(c.with(Base+"/sign-in", "to", c.here()))
}

// here is the address of the page itself, for what returns to it.
func (c *call) here() string {
	if c.R.Method == http.MethodPost {
		return c.from()
	}
	return c.R.URL.RequestURI()
}

// from is the page that a form was sent from, as far as the browser tells.
func (c *call) from() string {
	u, err := url.Parse(c.R.Referer())
	if err != nil || !strings.EqualFold(u.Host, c.visits.Host(c.R)) {
		return Base
	}
	return safe(u.RequestURI())
}

// to is where to go on after signing in.
func (c *call) to() string {
	if to := c.form.Get("to"); to != "" {
		return safe(to)
	}
	return safe(c.R.URL.Query().Get("to"))
}

// safe returns an address of the panel, its first page for any other.
func safe(to string) string {
	to = store.SafeRedirect(to, Base)
	if u, err := url.Parse(to); err != nil || path.Clean(u.Path) != u.Path || u.Path != Base && !strings.HasPrefix(u.Path, Base+"/") {
		return Base
	}
	return to
}

// with returns an address with parameters.
func (c *call) with(at string, parameters ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		if parameters[i+1] != "" && !(parameters[i] == "to" && parameters[i+1] == Base) {
			q.Set(parameters[i], parameters[i+1])
		}
	}
	if len(q) == 0 {
		return at
	}
	return at + "?" + q.Encode()
}
