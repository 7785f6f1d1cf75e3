package staff

import (
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
)

// Bounds of what is kept of a person.
const (
	maxEmail = 255
	maxName  = 255
)

const userColumns = `u.id, u.email, u.name, u.locale, u.timezone, u.password_hash, u.oidc_subject, u.totp_secret, u.totp_step, u.factor_failures, u.factor_date,
	u.sign_ins, u.version, u.date_created, u.date_modified, u.date_signed_in, (SELECT COUNT(*) FROM staff_passkeys p WHERE p.staff_id = u.id)`

var (
	anyUser        = sqldb.Global(`SELECT id FROM staff_users LIMIT 1`)
	selectUser     = sqldb.Global(`SELECT ` + userColumns + ` FROM staff_users u WHERE u.id = $1`)
	userByEmail    = sqldb.Global(`SELECT ` + userColumns + ` FROM staff_users u WHERE u.email_norm = $1`)
	allUsers       = sqldb.Global(`SELECT ` + userColumns + ` FROM staff_users u ORDER BY u.email_norm`)
	nextUserID     = sqldb.Global(`SELECT COALESCE(MAX(id), 0) + 1 FROM staff_users`)
	insertUser     = sqldb.Global(`INSERT INTO staff_users (id, email, email_norm, name, locale, timezone, password_hash, oidc_subject, totp_secret, totp_step, factor_failures, factor_date, sign_ins, version, date_created, date_modified, date_signed_in) VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', 0, 0, 0, 0, 1, $8, $8, 0)`)
	changeUser     = sqldb.Global(`UPDATE staff_users SET email = $2, email_norm = $3, name = $4, locale = $5, timezone = $6, version = version + 1, date_modified = $7 WHERE id = $1 AND version = $8`)
	setPassword    = sqldb.Global(`UPDATE staff_users SET password_hash = $2, version = version + 1, date_modified = $3 WHERE id = $1`)
	touchUser      = sqldb.Global(`UPDATE staff_users SET version = version + 1, date_modified = $2 WHERE id = $1`)
	deleteUser     = sqldb.Global(`DELETE FROM staff_users WHERE id = $1`)
	membershipsOf  = sqldb.Global(`SELECT store_id, staff_id, role, grants, date_created FROM staff_memberships WHERE staff_id = $1 ORDER BY store_id`)
	allMemberships = sqldb.Global(`SELECT store_id, staff_id, role, grants, date_created FROM staff_memberships ORDER BY store_id, staff_id`)
	membersOf      = sqldb.Static(`SELECT store_id, staff_id, role, grants, date_created FROM staff_memberships WHERE store_id = $1 ORDER BY staff_id`)
	putMembership  = sqldb.Static(`INSERT INTO staff_memberships (store_id, staff_id, role, grants, date_created) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (store_id, staff_id) DO UPDATE SET role = excluded.role, grants = excluded.grants`)
	dropMembership = sqldb.Static(`DELETE FROM staff_memberships WHERE store_id = $1 AND staff_id = $2`)
	otherOwner     = sqldb.Static(`SELECT staff_id FROM staff_memberships WHERE store_id = $1 AND role = 'owner' AND staff_id <> $2 LIMIT 1`)
)

func scanUser(r *sqldb.Row) User {
	return User{
		ID: r.Int(0), Email: r.Text(1), Name: r.Text(2), Locale: r.Text(3), Timezone: r.Text(4),
		HasPassword: r.Text(5) != "", HasTOTP: r.Text(7) != "", Passkeys: r.Int(16),
		SignIns: r.Int(11), Version: r.Int(12), Created: r.Int(13), Modified: r.Int(14), SignedIn: r.Int(15),
		passwordHash: r.Text(5), subject: r.Text(6), secret: r.Text(7), step: r.Int(8), failures: failures{r.Int(9), r.Int(10)},
	}
}

func scanMembership(r *sqldb.Row) Membership {
	return Membership{StoreID: r.Int(0), StaffID: r.Int(1), Role: Role(r.Text(2)), Grants: splitGrants(r.Text(3)), Created: r.Int(4)}
}

// Person is somebody of the staff with what they may do.
type Person struct {
	User
	Rights Rights
}

// personByID returns a person, or nil.
func personByID(tx *sqldb.Tx, id int64) (*Person, error) {
	return onePerson(tx, sqldb.Q{Stmt: selectUser, Args: []any{id}})
}

func personByEmail(tx *sqldb.Tx, address string) (*Person, error) {
	return onePerson(tx, sqldb.Q{Stmt: userByEmail, Args: []any{email.Key(address)}})
}

func onePerson(tx *sqldb.Tx, q sqldb.Q) (*Person, error) {
	var out *Person
	if err := tx.Query(q.Stmt, func(r *sqldb.Row) error { out = &Person{User: scanUser(r)}; return nil }, q.Args...); err != nil || out == nil {
		return nil, err
	}
	return out, tx.Query(membershipsOf, func(r *sqldb.Row) error { out.Rights = append(out.Rights, scanMembership(r)); return nil }, out.ID)
}

// Any reports whether there is anybody.
func (s *Service) Any(ctx context.Context) (found bool, err error) {
	err = s.read(ctx, func(tx *sqldb.Tx) error { found, err = anybody(tx); return err })
	return found, err
}

func anybody(tx *sqldb.Tx) (found bool, err error) {
	err = tx.Query(anyUser, func(*sqldb.Row) error { found = true; return nil })
	return found, err
}

// Get returns a person, or ErrNobody.
func (s *Service) Get(ctx context.Context, id int64) (out *Person, err error) {
	err = s.read(ctx, func(tx *sqldb.Tx) error { out, err = personByID(tx, id); return err })
	if err == nil && out == nil {
		err = ErrNobody
	}
	return out, err
}

// ByEmail returns who has an email, or ErrNobody.
func (s *Service) ByEmail(ctx context.Context, address string) (out *Person, err error) {
	err = s.read(ctx, func(tx *sqldb.Tx) error { out, err = personByEmail(tx, address); return err })
	if err == nil && out == nil {
		err = ErrNobody
	}
	return out, err
}

// List returns everybody, by email.
func (s *Service) List(ctx context.Context) (out []Person, err error) {
	err = s.read(ctx, func(tx *sqldb.Tx) error {
		out = nil
		at := map[int64]int{}
		return tx.Pipeline(
			sqldb.Q{Stmt: allUsers, Each: func(r *sqldb.Row) error {
				at[r.Int(0)] = len(out)
				out = append(out, Person{User: scanUser(r)})
				return nil
			}},
			sqldb.Q{Stmt: allMemberships, Each: func(r *sqldb.Row) error {
				m := scanMembership(r)
				if i, ok := at[m.StaffID]; ok {
					out[i].Rights = append(out[i].Rights, m)
				}
				return nil
			}},
		)
	})
	return out, err
}

// Members returns who works for a store, those of all stores too, by email.
func (s *Service) Members(ctx context.Context, storeID int64) (out []Person, err error) {
	err = s.read(ctx, func(tx *sqldb.Tx) error {
		out = nil
		rights := map[int64]Rights{}
		each := func(r *sqldb.Row) error {
			m := scanMembership(r)
			rights[m.StaffID] = append(rights[m.StaffID], m)
			return nil
		}
		if err := tx.In(AllStores).Query(membersOf, each); err != nil {
			return err
		}
		if storeID != AllStores {
			if err := tx.In(storeID).Query(membersOf, each); err != nil {
				return err
			}
		}
		for id, rs := range rights {
			if err := tx.Query(selectUser, func(r *sqldb.Row) error {
				out = append(out, Person{scanUser(r), rs})
				return nil
			}, id); err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Person) int { return strings.Compare(email.Key(a.Email), email.Key(b.Email)) })
	return out, err
}

// Create is the command to add a person with a membership.
type Create struct {
	Email, Name      string
	Locale, Timezone string
	Password         string // empty: by an invitation
	StoreID          int64
	Role             Role
	Grants           []Permission
}

// check notes what is wrong with a command by itself.
func (in *Create) check(c *fault.Collector) {
	in.Email, in.Name = strings.TrimSpace(in.Email), strings.TrimSpace(in.Name)
	checkEmail(c, in.Email)
	c.Length(FieldName, in.Name, 1, maxName)
	checkWhere(c, in.Locale, in.Timezone)
	checkRole(c, in.Role, in.Grants)
	if in.Password != "" {
		checkPassword(c, in.Password, in.Email, in.Name)
	}
}

func checkEmail(c *fault.Collector, address string) {
	c.Length(FieldEmail, address, 0, maxEmail)
	if it, ok := email.Check(FieldEmail, address); !ok {
		c.AddItem(it)
	}
}

// checkWhere notes what is wrong with a language and a time zone.
func checkWhere(c *fault.Collector, locale, timezone string) {
	if locale != "" {
		if _, err := language.Parse(locale); err != nil {
			c.Because(FieldLocale, fault.NotAccepted, WhyLocale, "")
		}
	}
	if timezone != "" {
		if zone, err := time.LoadLocation(timezone); err != nil || zone == time.Local {
			c.Because(FieldTimezone, fault.NotAccepted, WhyTimezone, "")
		}
	}
}

func checkRole(c *fault.Collector, role Role, grants []Permission) {
	if !role.known() {
		names := make([]string, len(Roles))
		for i, r := range Roles {
			names[i] = string(r)
		}
		c.Because(FieldRole, fault.NotAccepted, WhyRole, strings.Join(names, ", "))
	}
	for _, p := range grants {
		if !slices.Contains(role.Grantable(), p) {
			c.Because(FieldGrants, fault.NotAccepted, WhyGrant, "")
		}
	}
}

// may reports whether somebody may give, change or take a membership that is, or
// becomes, one of these. Nil is the operator.
func may(by *Person, ms ...Membership) error {
	if by == nil {
		return nil
	}
	for _, m := range ms {
		switch {
		case !by.Rights.Can(ManageStaff, m.StoreID):
			return ErrDenied
		case (m.Role == Owner || len(m.Grants) > 0) && !by.Rights.Owns(m.StoreID):
			return ErrDenied
		}
	}
	return nil
}

// covers reports whether somebody may change what a person is as a whole: that
// takes the right in each store that the person belongs to. Nil is the operator.
func covers(by *Person, who *Person) error {
	if by == nil || by.ID == who.ID {
		return nil
	}
	return may(by, who.Rights...)
}

// again reads anew who asks, inside the transaction of the write: what they may
// do can have changed since the request began.
func again(tx *sqldb.Tx, by *Person) (*Person, error) {
	if by == nil {
		return nil, nil
	}
	now, err := personByID(tx, by.ID)
	if err == nil && now == nil {
		err = ErrSession
	}
	return now, err
}

// Create adds a person with a password and a membership. By is who does it; nil
// is the operator.
func (s *Service) Create(ctx context.Context, by *Person, in Create) (*Person, error) {
	c := &fault.Collector{}
	if in.Password == "" {
		c.Break(FieldPassword, fault.Required, "")
	}
	in.check(c)
	if err := c.Err(fault.Invalid); err != nil {
		return nil, err
	}
	hash, err := s.passwords.Hash(ctx, Client{}.party(), in.Password)
	if err != nil {
		return nil, err
	}
	var out *Person
	err = s.write(ctx, func(tx *sqldb.Tx) error {
		id, err := s.add(tx, by, &in, hash)
		if err != nil {
			return err
		}
		out, err = personByID(tx, id)
		return err
	})
	return out, err
}

// add adds a person whose command was checked.
func (s *Service) add(tx *sqldb.Tx, by *Person, in *Create, hash string) (int64, error) {
	if err := sqldb.LockProgram(tx); err != nil {
		return 0, err
	}
	by, err := again(tx, by)
	if err != nil {
		return 0, err
	}
	m := Membership{StoreID: in.StoreID, Role: in.Role, Grants: in.Grants}
	if err := may(by, m); err != nil {
		return 0, err
	}
	have, err := personByEmail(tx, in.Email)
	if err != nil {
		return 0, err
	}
	if have != nil {
		return 0, fault.Broken(fault.Conflict, fault.Item{Field: FieldEmail, Code: fault.Taken, Why: WhyTaken})
	}
	var id int64
	if err := tx.Query(nextUserID, func(r *sqldb.Row) error { id = r.Int(0); return nil }); err != nil {
		return 0, err
	}
	now := s.sys.Now()
	if err := tx.Exec(insertUser, id, in.Email, email.Key(in.Email), in.Name, in.Locale, in.Timezone, hash, now); err != nil {
		return 0, err
	}
	m.StaffID, m.Created = id, now
	if err := put(tx, &m); err != nil {
		return 0, err
	}
	e := history.Entry{Action: history.Created, Resource: history.StaffUser, ID: id}
	described.Diff(&e, nil, &Person{User: User{Email: in.Email, Name: in.Name, Locale: in.Locale, Timezone: in.Timezone}})
	if err := record(tx, now, e); err != nil {
		return 0, err
	}
	return id, recordMembership(tx, now, history.Created, nil, &m)
}

func put(tx *sqldb.Tx, m *Membership) error {
	return tx.In(m.StoreID).Exec(putMembership, m.StaffID, string(m.Role), joinGrants(m.Grants), m.Created)
}

// Member is the command to give a person a role in a store, or another one.
type Member struct {
	StaffID, StoreID int64
	Role             Role
	Grants           []Permission
	// Version is the one of the person that whoever asks has seen; absent: any.
	Version opt.Field[int64]
}

// SetMember gives a person a role in a store. Another role ends their sessions:
// what is open in a browser must not go on with the old one.
func (s *Service) SetMember(ctx context.Context, by *Person, in Member) error {
	c := &fault.Collector{}
	if checkRole(c, in.Role, in.Grants); len(c.Items) > 0 {
		return c.Err(fault.Invalid)
	}
	return s.write(ctx, func(tx *sqldb.Tx) error {
		by, who, err := s.both(tx, by, in.StaffID)
		if err != nil {
			return err
		}
		if in.Version.Set && in.Version.Value != who.Version {
			return ErrStale
		}
		now := s.sys.Now()
		after := Membership{StoreID: in.StoreID, StaffID: who.ID, Role: in.Role, Grants: in.Grants, Created: now}
		before := who.Rights.of(in.StoreID)
		touched, action := []Membership{after}, history.Created
		if before != nil {
			touched, action, after.Created = append(touched, *before), history.Updated, before.Created
			if before.Role == after.Role && joinGrants(before.Grants) == joinGrants(after.Grants) {
				return nil
			}
		}
		if err := may(by, touched...); err != nil {
			return err
		}
		if before != nil && before.Role == Owner && after.Role != Owner {
			if err := lastOwner(tx, before); err != nil {
				return err
			}
		}
		if err := put(tx, &after); err != nil {
			return err
		}
		if err := s.rightsChanged(tx, who.ID, now); err != nil {
			return err
		}
		return recordMembership(tx, now, action, before, &after)
	})
}

// both returns who asks and whom it is about, as they are now. It locks.
func (s *Service) both(tx *sqldb.Tx, by *Person, id int64) (asks, who *Person, err error) {
	if err := sqldb.LockProgram(tx); err != nil {
		return nil, nil, err
	}
	if asks, err = again(tx, by); err != nil {
		return nil, nil, err
	}
	if who, err = personByID(tx, id); err == nil && who == nil {
		err = ErrNobody
	}
	return asks, who, err
}

// covered is both, of somebody whom who asks may change.
func (s *Service) covered(tx *sqldb.Tx, by *Person, id int64) (asks, who *Person, err error) {
	if asks, who, err = s.both(tx, by, id); err == nil {
		err = covers(asks, who)
	}
	return asks, who, err
}

// rightsChanged ends what a person opened with other rights.
func (s *Service) rightsChanged(tx *sqldb.Tx, id, now int64) error {
	if err := tx.Exec(touchUser, id, now); err != nil {
		return err
	}
	return tx.Exec(endSessions, id, now, "")
}

// lastOwner refuses to take away the last owner of all stores.
func lastOwner(tx *sqldb.Tx, m *Membership) error {
	if m.StoreID != AllStores || m.Role != Owner {
		return nil
	}
	others := false
	if err := tx.In(AllStores).Query(otherOwner, func(*sqldb.Row) error { others = true; return nil }, m.StaffID); err != nil || others {
		return err
	}
	return fault.Broken(fault.Conflict, fault.Item{Field: FieldRole, Code: fault.Denied, Why: WhyLastOwner})
}

// RemoveMember takes a person's role in a store away, and the person with the
// last one.
func (s *Service) RemoveMember(ctx context.Context, by *Person, id, storeID int64) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		by, who, err := s.both(tx, by, id)
		if err != nil {
			return err
		}
		m := who.Rights.of(storeID)
		if m == nil {
			return ErrNobody
		}
		if err := may(by, *m); err != nil {
			return err
		}
		if err := lastOwner(tx, m); err != nil {
			return err
		}
		now := s.sys.Now()
		if len(who.Rights) == 1 {
			return s.drop(tx, who, now)
		}
		if err := leave(tx, m, now); err != nil {
			return err
		}
		return s.rightsChanged(tx, id, now)
	})
}

// Remove takes a person away with all that is theirs.
func (s *Service) Remove(ctx context.Context, by *Person, id int64) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		_, who, err := s.covered(tx, by, id)
		if err != nil {
			return err
		}
		for i := range who.Rights {
			if err := lastOwner(tx, &who.Rights[i]); err != nil {
				return err
			}
		}
		return s.drop(tx, who, s.sys.Now())
	})
}

// leave takes a membership away.
func leave(tx *sqldb.Tx, m *Membership, now int64) error {
	if err := tx.In(m.StoreID).Exec(dropMembership, m.StaffID); err != nil {
		return err
	}
	return recordMembership(tx, now, history.Deleted, m, nil)
}

// drop deletes a person.
func (s *Service) drop(tx *sqldb.Tx, who *Person, now int64) error {
	for i := range who.Rights {
		if err := leave(tx, &who.Rights[i], now); err != nil {
			return err
		}
	}
	for _, stmt := range []*sqldb.Stmt{dropTokensOf, deleteUser} { // the rest goes with the last
		if err := tx.Exec(stmt, who.ID); err != nil {
			return err
		}
	}
	e := history.Entry{Action: history.Deleted, Resource: history.StaffUser, ID: who.ID}
	described.Diff(&e, who, nil)
	return record(tx, now, e)
}

// Details is the command to change what is said of a person; absent fields stay.
type Details struct {
	Email, Name, Locale, Timezone opt.Field[string]
	// Version is the one that whoever asks has seen.
	Version opt.Field[int64]
}

// Change changes what is said of a person. It is ErrStale if somebody else has
// done so since the version that is told.
func (s *Service) Change(ctx context.Context, by *Person, id int64, in Details) error {
	return s.write(ctx, func(tx *sqldb.Tx) error {
		_, who, err := s.covered(tx, by, id)
		if err != nil {
			return err
		}
		if in.Version.Set && in.Version.Value != who.Version {
			return ErrStale
		}
		after := *who
		for _, f := range []struct {
			in opt.Field[string]
			to *string
		}{{in.Email, &after.Email}, {in.Name, &after.Name}, {in.Locale, &after.Locale}, {in.Timezone, &after.Timezone}} {
			if f.in.Set {
				*f.to = strings.TrimSpace(f.in.Value)
			}
		}
		c := &fault.Collector{}
		checkEmail(c, after.Email)
		c.Length(FieldName, after.Name, 1, maxName)
		checkWhere(c, after.Locale, after.Timezone)
		if err := c.Err(fault.Invalid); err != nil {
			return err
		}
		if email.Key(after.Email) != email.Key(who.Email) {
			have, err := personByEmail(tx, after.Email)
			if err != nil {
				return err
			}
			if have != nil {
				return fault.Broken(fault.Conflict, fault.Item{Field: FieldEmail, Code: fault.Taken, Why: WhyTaken})
			}
		}
		e := history.Entry{Action: history.Updated, Resource: history.StaffUser, ID: id}
		if described.Diff(&e, who, &after); !e.Changed() {
			return nil
		}
		now := s.sys.Now()
		if err := tx.Exec(changeUser, id, after.Email, email.Key(after.Email), after.Name, after.Locale, after.Timezone, now, who.Version); err != nil {
			return err
		}
		return record(tx, now, e)
	})
}

// ChangePassword gives a person another password, who knows the one before. All
// other sessions end, and browsers are not remembered any more.
func (s *Service) ChangePassword(ctx context.Context, in *Signed, current, text string) error {
	c := &fault.Collector{}
	checkPassword(c, text, in.Email, in.Name)
	if err := c.Err(fault.Invalid); err != nil {
		return err
	}
	if err := s.knows(ctx, &in.Person, current, in.client()); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, in.client().party(), text)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *sqldb.Tx) error {
		if err := sqldb.LockProgram(tx); err != nil {
			return err
		}
		who, err := personByID(tx, in.ID)
		switch {
		case err != nil:
			return err
		case who == nil:
			return ErrSession
		case who.passwordHash != in.passwordHash:
			return ErrWrongPassword // it is another one by now
		}
		return s.setPassword(tx, who, hash, in.Session.hash)
	})
}

// setPassword stores a new password's hash. keep is the hash of the token of a
// session that goes on.
func (s *Service) setPassword(tx *sqldb.Tx, who *Person, hash, keep string) error {
	now := s.sys.Now()
	if err := tx.Exec(setPassword, who.ID, hash, now); err != nil {
		return err
	}
	if err := tx.Exec(endSessions, who.ID, now, keep); err != nil {
		return err
	}
	if err := tx.Exec(dropTokensOf, who.ID); err != nil {
		return err
	}
	return record(tx, now, history.Entry{Action: history.PasswordChanged, Resource: history.StaffUser, ID: who.ID})
}
