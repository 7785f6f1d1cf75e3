package staff

import (
	"slices"
	"strings"

	"clientele/internal/fault"
)

// Permission is something that a role allows.
type Permission int

// The permissions, as far as roles tell them apart.
const (
	SeeCustomers Permission = iota + 1 // with groups, segments and subscribers
	EditCustomers
	StoreCredit
	Merge
	DeleteCustomers
	Access // reset passwords, unlock, end sessions
	SignInAs
	Structure // groups, attributes, form fields
	Segments
	Subscribers // with consents
	ImportCustomers
	ImportSubscribers
	ExportCustomers
	ExportSubscribers
	PersonalData // export and erase
	Settings     // with languages, look and texts of emails
	Emails       // those that were sent: see, and send again
	Apps         // webhooks, API accounts and tokens: see and revoke
	MakeAccounts // make API accounts
	History
	ManageStaff
	lastPermission = ManageStaff
)

var permissionNames = [...]string{
	SeeCustomers: "see_customers", EditCustomers: "edit_customers", StoreCredit: "store_credit", Merge: "merge", DeleteCustomers: "delete_customers",
	Access: "access", SignInAs: "sign_in_as", Structure: "structure", Segments: "segments", Subscribers: "subscribers",
	ImportCustomers: "import_customers", ImportSubscribers: "import_subscribers", ExportCustomers: "export_customers", ExportSubscribers: "export_subscribers",
	PersonalData: "personal_data", Settings: "settings", Emails: "emails", Apps: "apps", MakeAccounts: "make_api_accounts", History: "history", ManageStaff: "manage_staff",
}

// String returns the permission's name.
func (p Permission) String() string {
	if p > 0 && int(p) < len(permissionNames) {
		return permissionNames[p]
	}
	return ""
}

// Permissions returns all permissions.
func Permissions() []Permission {
	var out []Permission
	for p := Permission(1); p <= lastPermission; p++ {
		out = append(out, p)
	}
	return out
}

// Role is a fixed set of permissions.
type Role string

// The roles.
const (
	Owner           Role = "owner"
	Administrator   Role = "administrator"
	CustomerService Role = "customer_service"
	Marketing       Role = "marketing"
	Privacy         Role = "privacy"
	Developer       Role = "developer"
	ReadOnly        Role = "read_only"
)

// Roles are all roles, from the most powerful.
var Roles = []Role{Owner, Administrator, CustomerService, Marketing, Privacy, Developer, ReadOnly}

// allowed are the permissions of each role but the owner, who has all.
var allowed = map[Role][]Permission{
	Administrator: {
		SeeCustomers, EditCustomers, StoreCredit, Merge, DeleteCustomers, Access, SignInAs, Structure, Segments, Subscribers,
		ImportCustomers, ImportSubscribers, ExportCustomers, ExportSubscribers, PersonalData, Settings, Emails, Apps, History, ManageStaff,
	},
	CustomerService: {SeeCustomers, EditCustomers, StoreCredit, Access, SignInAs, Subscribers, Emails},
	Marketing:       {SeeCustomers, Segments, Subscribers, ImportSubscribers, ExportSubscribers, Emails},
	Privacy:         {SeeCustomers, DeleteCustomers, Subscribers, ExportCustomers, ExportSubscribers, PersonalData, Emails, History},
	Developer:       {SeeCustomers, Emails, Apps, MakeAccounts, History},
	ReadOnly:        {SeeCustomers},
}

// grantable are permissions that an owner may give beyond a role, by role.
var grantable = map[Role][]Permission{Administrator: {MakeAccounts}}

// Allows reports whether a role has a permission.
func (r Role) Allows(p Permission) bool {
	return r == Owner && p > 0 && p <= lastPermission || slices.Contains(allowed[r], p)
}

// Grantable returns what an owner may give somebody of the role besides.
func (r Role) Grantable() []Permission { return grantable[r] }

// known reports whether there is the role.
func (r Role) known() bool { return slices.Contains(Roles, r) }

// Strong reports whether the role has so much power that it takes a second
// factor.
func (r Role) Strong() bool { return r == Owner || r == Administrator }

// Membership is a role in a store or, where that is AllStores, in all.
type Membership struct {
	StoreID, StaffID int64
	Role             Role
	Grants           []Permission
	Created          int64
}

func (m *Membership) allows(p Permission) bool {
	return m.Role.Allows(p) || slices.Contains(m.Grants, p) && slices.Contains(m.Role.Grantable(), p)
}

// ParsePermissions reads permissions by their names.
func ParsePermissions(names []string) ([]Permission, error) {
	var out []Permission
	for _, name := range names {
		i := slices.Index(permissionNames[:], name)
		if i <= 0 {
			return nil, fault.Broken(fault.Invalid, fault.Item{Field: FieldGrants, Code: fault.NotAccepted, Why: WhyGrant})
		}
		out = append(out, Permission(i))
	}
	return out, nil
}

func joinGrants(grants []Permission) string {
	var out []string
	for _, p := range grants {
		out = append(out, p.String())
	}
	return strings.Join(out, " ")
}

func splitGrants(text string) (out []Permission) {
	for name := range strings.FieldsSeq(text) {
		if i := slices.Index(permissionNames[:], name); i > 0 {
			out = append(out, Permission(i))
		}
	}
	return out
}

// Rights are the memberships of a person.
type Rights []Membership

// Can reports whether the person has a permission in a store; in AllStores,
// whether in all of them.
func (r Rights) Can(p Permission, storeID int64) bool {
	return slices.ContainsFunc(r, func(m Membership) bool {
		return (m.StoreID == storeID || m.StoreID == AllStores) && m.allows(p)
	})
}

// In reports whether the person belongs to a store.
func (r Rights) In(storeID int64) bool { return r.Can(SeeCustomers, storeID) }

// Owns reports whether the person is an owner of a store; of AllStores, whether
// of all of them.
func (r Rights) Owns(storeID int64) bool {
	return slices.ContainsFunc(r, func(m Membership) bool {
		return (m.StoreID == storeID || m.StoreID == AllStores) && m.Role == Owner
	})
}

// Everywhere reports whether the person belongs to all stores.
func (r Rights) Everywhere() bool { return r.In(AllStores) }

// Strong reports whether the person has so much power, anywhere, that it takes
// a second factor.
func (r Rights) Strong() bool {
	return slices.ContainsFunc(r, func(m Membership) bool { return m.Role.Strong() })
}

// owner reports whether the person is an owner anywhere.
func (r Rights) owner() bool {
	return slices.ContainsFunc(r, func(m Membership) bool { return m.Role == Owner })
}

// of returns the membership of exactly a store, or nil.
func (r Rights) of(storeID int64) *Membership {
	for i := range r {
		if r[i].StoreID == storeID {
			return &r[i]
		}
	}
	return nil
}

// Of returns the membership of exactly a store, and whether there is one.
func (r Rights) Of(storeID int64) (Membership, bool) {
	if m := r.of(storeID); m != nil {
		return *m, true
	}
	return Membership{}, false
}
