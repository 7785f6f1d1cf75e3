'use strict';

// A headless storefront does what shoppers do with their accounts, through the
// client and with the selections of BigCommerce's own. What it then does with
// the answers is checked here too.

const assert = require('node:assert/strict');
const jwt = require('jsonwebtoken');
const { store, port, privateToken, browserToken, email, main } = require('./storefront');

process.env.BIGCOMMERCE_GRAPHQL_API_DOMAIN = `localhost:${port}`; // read as the client is loaded
const {
  createClient, removeEdgesAndNodes,
  BigCommerceAPIError, BigCommerceAuthError, BigCommerceGQLError, InvalidCustomerAccessTokenError,
} = require('@bigcommerce/catalyst-client');

const gql = String.raw;

const pageInfo = gql`fragment Pages on PageInfo { hasNextPage hasPreviousPage startCursor endCursor }`;

const fieldParts = gql`
  fragment Definition on FormField {
    entityId label sortOrder isBuiltIn isRequired __typename
    ... on CheckboxesFormField { options { entityId label } }
    ... on DateFormField { defaultDate minDate maxDate }
    ... on MultilineTextFormField { defaultText rows }
    ... on NumberFormField { defaultNumber maxLength minNumber maxNumber }
    ... on PasswordFormField { defaultText maxLength }
    ... on PicklistFormField { choosePrefix options { entityId label } }
    ... on RadioButtonsFormField { options { entityId label } }
    ... on TextFormField { defaultText maxLength }
  }`;

const valueParts = gql`
  fragment Answer on CustomerFormFieldValue {
    entityId __typename name
    ... on CheckboxesFormFieldValue { valueEntityIds values }
    ... on DateFormFieldValue { date { utc } }
    ... on MultipleChoiceFormFieldValue { valueEntityId value }
    ... on NumberFormFieldValue { number }
    ... on PasswordFormFieldValue { password }
    ... on TextFormFieldValue { text }
    ... on MultilineTextFormFieldValue { multilineText }
  }`;

const wishParts = gql`
  fragment Wish on WishlistItem {
    entityId productEntityId variantEntityId
    product {
      entityId name
      defaultImage { altText url: urlTemplate(lossy: true) }
      path
      brand { name path }
      inventory { hasVariantInventory isInStock aggregated { availableForBackorder unlimitedBackorder availableOnHand } }
      reviewSummary { numberOfReviews averageRating }
      variants(first: 1) { edges { node { entityId sku inventory { byLocation { edges { node { locationEntityId backorderMessage } } } } } } }
      prices(currencyCode: $currencyCode) {
        price { value currencyCode } basePrice { value currencyCode } retailPrice { value currencyCode } salePrice { value currencyCode }
        priceRange { min { value currencyCode } max { value currencyCode } }
      }
      sku showCartAction
      availabilityV2 { status }
    }
  }`;

const logo = gql`logoV2 { __typename ... on StoreTextLogo { text } ... on StoreImageLogo { image { url: urlTemplate(lossy: true) altText } } }`;

const documents = {
  build: gql`query Build { site { settings { url { vanityUrl cdnUrl checkoutUrl } locales { code isDefault } } } }`,
  favicon: gql`query Favicon { site { settings { faviconUrl } } }`,
  robots: gql`query Robots { site { settings { robotsTxt } } }`,
  status: gql`query Status { site { settings { status } } }`,
  maintenance: gql`query Maintenance { site { settings { contact { phone email } statusMessage storeName ${logo} } } }`,
  route: gql`
    query Route($path: String!) {
      site {
        route(path: $path, redirectBehavior: FOLLOW) {
          redirect {
            to {
              __typename
              ... on BlogPostRedirect { path } ... on BrandRedirect { path } ... on CategoryRedirect { path }
              ... on PageRedirect { path } ... on ProductRedirect { path } ... on ManualRedirect { url }
            }
            fromPath toUrl
          }
          node {
            __typename id
            ... on Product { entityId } ... on Category { entityId } ... on Brand { entityId } ... on BlogPost { entityId }
          }
        }
      }
    }`,
  root: gql`
    query Root {
      site {
        settings {
          privacy { cookieConsentEnabled privacyPolicyUrl }
          storeName
          seo { pageTitle metaDescription metaKeywords }
          webAnalytics { ga4 { tagId } }
        }
        content {
          scripts(first: 50, filters: { visibilities: [ALL_PAGES, STOREFRONT] }) {
            edges {
              node {
                __typename integrityHashes { hash } entityId consentCategory visibility
                ... on InlineScript { scriptTag }
                ... on SrcScript { src }
                location
              }
            }
          }
        }
      }
      channel { entityId }
    }`,
  layout: gql`
    query Layout {
      site {
        settings { storeName contact { address phone } socialMediaLinks { name url } ${logo} }
        currencies(first: 25) { edges { node { code isTransactional isDefault } } }
      }
    }`,
  links: gql`
    query Links($currencyCode: currencyCode) {
      site {
        settings { giftCertificates(currencyCode: $currencyCode) { currencyCode isEnabled } }
        categoryTree { name path children { name path children { name path } } }
        content {
          pages(filters: { parentEntityIds: [0] }) {
            edges { node { __typename name ... on RawHtmlPage { path } ... on ContactPage { path } ... on NormalPage { path } ... on BlogIndexPage { path } ... on ExternalLinkPage { link } } }
          }
        }
        brands(first: 5) { edges { node { entityId name path } } }
      }
    }`,
  cartCount: gql`query CartCount($cartId: String) { site { cart(entityId: $cartId) { entityId lineItems { totalQuantity } } } }`,
  visit: gql`mutation Visit($input: VisitStartedEventInput!) { analytics { visitStartedEvent(input: $input) { executed } } }`,
  signUpForm: gql`
    query SignUpForm($customerFilters: FormFieldFiltersInput, $customerSortBy: FormFieldSortInput, $addressFilters: FormFieldFiltersInput, $addressSortBy: FormFieldSortInput) {
      site {
        settings {
          customers {
            passwordComplexitySettings {
              minimumNumbers minimumPasswordLength minimumSpecialCharacters
              requireLowerCase requireNumbers requireSpecialCharacters requireUpperCase
            }
          }
          formFields {
            customer(filters: $customerFilters, sortBy: $customerSortBy) { ...Definition }
            shippingAddress(filters: $addressFilters, sortBy: $addressSortBy) { ...Definition }
          }
        }
      }
      geography { countries { code name } }
    }
    ${fieldParts}`,
  register: gql`
    mutation Register($input: RegisterCustomerInput!) {
      customer {
        registerCustomer(input: $input) {
          customer { firstName lastName }
          errors {
            ... on EmailAlreadyInUseError { message }
            ... on AccountCreationDisabledError { message }
            ... on CustomerRegistrationError { message }
            ... on ValidationError { message }
          }
        }
      }
    }`,
  signIn: gql`
    mutation SignIn($email: String!, $password: String!, $cartEntityId: String) {
      login(email: $email, password: $password, guestCartEntityId: $cartEntityId) {
        customerAccessToken { value }
        customer { entityId firstName lastName email }
        cart { entityId }
      }
    }`,
  signInByToken: gql`
    mutation SignInByToken($jwt: String!, $cartEntityId: String) {
      loginWithCustomerLoginJwt(jwt: $jwt, guestCartEntityId: $cartEntityId) {
        customerAccessToken { value }
        customer { entityId firstName lastName email }
        cart { entityId }
      }
    }`,
  signOut: gql`
    mutation SignOut($cartEntityId: String) {
      logout(cartEntityId: $cartEntityId) { result cartUnassignResult { cart { entityId } } }
    }`,
  settings: gql`
    query AccountSettings($customerFilters: FormFieldFiltersInput, $customerSortBy: FormFieldSortInput, $addressFilters: FormFieldFiltersInput, $addressSortBy: FormFieldSortInput) {
      customer { entityId email firstName lastName company isSubscribedToNewsletter }
      site {
        settings {
          formFields {
            customer(filters: $customerFilters, sortBy: $customerSortBy) { ...Definition }
            shippingAddress(filters: $addressFilters, sortBy: $addressSortBy) { ...Definition }
          }
          newsletter { showNewsletterSignup }
        }
      }
    }
    ${fieldParts}`,
  update: gql`
    mutation Update($input: UpdateCustomerInput!) {
      customer {
        updateCustomer(input: $input) {
          customer { firstName lastName }
          errors {
            __typename
            ... on UnexpectedUpdateCustomerError { message }
            ... on EmailAlreadyInUseError { message }
            ... on ValidationError { message }
            ... on CustomerDoesNotExistError { message }
            ... on CustomerNotLoggedInError { message }
          }
        }
      }
    }`,
  changePassword: gql`
    mutation ChangePassword($input: ChangePasswordInput!) {
      customer {
        changePassword(input: $input) {
          errors {
            ... on ValidationError { message path }
            ... on CustomerDoesNotExistError { message }
            ... on CustomerPasswordError { message }
            ... on CustomerNotLoggedInError { message }
          }
        }
      }
    }`,
  forgotPassword: gql`
    mutation ForgotPassword($input: RequestResetPasswordInput!) {
      customer { requestResetPassword(input: $input) { __typename errors { __typename ... on Error { message } } } }
    }`,
  resetPassword: gql`
    mutation ResetPassword($input: ResetPasswordInput!) {
      customer { resetPassword(input: $input) { __typename errors { __typename ... on Error { message } } } }
    }`,
  book: gql`
    query Book($after: String, $before: String, $first: Int, $last: Int) {
      customer {
        entityId
        addresses(before: $before, after: $after, first: $first, last: $last) {
          pageInfo { ...Pages }
          collectionInfo { totalItems }
          edges {
            node {
              entityId firstName lastName address1 address2 city stateOrProvince countryCode phone postalCode company
              formFields { ...Answer }
            }
          }
        }
      }
      site { settings { formFields { shippingAddress { ...Definition } } } }
      geography { countries { code name } }
    }
    ${pageInfo} ${valueParts} ${fieldParts}`,
  addAddress: gql`
    mutation AddAddress($input: AddCustomerAddressInput!) {
      customer {
        addCustomerAddress(input: $input) {
          errors {
            ... on CustomerAddressCreationError { message }
            ... on CustomerNotLoggedInError { message }
            ... on ValidationError { message path }
          }
          address { entityId }
        }
      }
    }`,
  updateAddress: gql`
    mutation UpdateAddress($input: UpdateCustomerAddressInput!) {
      customer {
        updateCustomerAddress(input: $input) {
          errors {
            __typename
            ... on AddressDoesNotExistError { message }
            ... on CustomerAddressUpdateError { message }
            ... on CustomerNotLoggedInError { message }
            ... on ValidationError { message path }
          }
          address { entityId }
        }
      }
    }`,
  deleteAddress: gql`
    mutation DeleteAddress($input: DeleteCustomerAddressInput!) {
      customer {
        deleteCustomerAddress(input: $input) {
          errors { __typename ... on CustomerAddressDeletionError { message } ... on CustomerNotLoggedInError { message } }
        }
      }
    }`,
  subscribe: gql`
    mutation Subscribe($input: CreateSubscriberInput!) {
      newsletter {
        subscribe(input: $input) {
          errors {
            __typename
            ... on CreateSubscriberAlreadyExistsError { message }
            ... on CreateSubscriberEmailInvalidError { message }
            ... on CreateSubscriberUnexpectedError { message }
            ... on CreateSubscriberLastNameInvalidError { message }
            ... on CreateSubscriberFirstNameInvalidError { message }
          }
        }
      }
    }`,
  unsubscribe: gql`
    mutation Unsubscribe($input: RemoveSubscriberInput!) {
      newsletter {
        unsubscribe(input: $input) {
          errors { __typename ... on RemoveSubscriberEmailInvalidError { message } ... on RemoveSubscriberUnexpectedError { message } }
        }
      }
    }`,
  orders: gql`
    query Orders($after: String, $before: String, $first: Int, $last: Int, $filters: OrdersFiltersInput) {
      customer {
        orders(after: $after, before: $before, first: $first, last: $last, filters: $filters) {
          pageInfo { ...Pages }
          edges {
            node {
              entityId
              orderedAt { utc }
              status { label value }
              totalIncTax { value currencyCode }
              consignments {
                shipping { edges { node { lineItems { edges { node { ...Line } } } } } }
                email { giftCertificates { edges { node { lineItems { edges { node { entityId name salePrice { value formattedV2 currencyCode } } } } } } } }
              }
            }
          }
        }
      }
    }
    fragment Line on OrderPhysicalLineItem {
      entityId productEntityId brand name quantity
      baseCatalogProduct { path }
      image { url: urlTemplate(lossy: true) altText }
      subTotalListPrice { value currencyCode }
      catalogProductWithOptionSelections { prices { price { value currencyCode } } }
      productOptions { __typename name value }
    }
    ${pageInfo}`,
  wishlists: gql`
    query Wishlists($first: Int, $after: String, $last: Int, $before: String, $filters: WishlistFiltersInput, $currencyCode: currencyCode) {
      customer {
        wishlists(first: $first, after: $after, last: $last, before: $before, filters: $filters) {
          edges { node { entityId name isPublic token items(first: 6) { edges { node { ...Wish } } collectionInfo { totalItems } } } }
          pageInfo { ...Pages }
        }
      }
    }
    ${wishParts} ${pageInfo}`,
  wishlist: gql`
    query Wishlist($first: Int, $after: String, $last: Int, $before: String, $entityId: Int!, $currencyCode: currencyCode) {
      customer {
        wishlists(filters: { entityIds: [$entityId] }) {
          edges {
            node {
              entityId name isPublic token
              items(first: $first, after: $after, last: $last, before: $before) { edges { node { ...Wish } } pageInfo { ...Pages } collectionInfo { totalItems } }
            }
          }
        }
      }
    }
    ${wishParts} ${pageInfo}`,
  publicWishlist: gql`
    query PublicWishlist($first: Int, $after: String, $last: Int, $before: String, $token: String!, $currencyCode: currencyCode) {
      site {
        publicWishlist(token: $token) {
          entityId name token
          items(first: $first, after: $after, last: $last, before: $before) { edges { node { ...Wish } } pageInfo { ...Pages } collectionInfo { totalItems } }
        }
      }
    }
    ${wishParts} ${pageInfo}`,
  wishButton: gql`
    query WishButton($first: Int, $productId: Int!) {
      customer {
        wishlistsContainingProduct: wishlists(first: $first, filters: { productEntityIds: [$productId] }) {
          edges {
            node {
              entityId name
              items(first: 50, filters: { productEntityIds: [$productId] }) { edges { node { entityId productEntityId variantEntityId product { sku } } } }
            }
          }
        }
        wishlists(first: $first) { edges { node { entityId name } } }
      }
    }`,
  createWishlist: gql`mutation CreateWishlist($input: CreateWishlistInput!) { wishlist { createWishlist(input: $input) { result { entityId name isPublic } } } }`,
  updateWishlist: gql`
    mutation UpdateWishlist($wishlistId: Int!, $input: WishlistUpdateDataInput!) {
      wishlist { updateWishlist(input: { entityId: $wishlistId, data: $input }) { result { entityId name isPublic } } }
    }`,
  addWish: gql`
    mutation AddWish($wishlistId: Int!, $productId: Int!, $variantId: Int) {
      wishlist { addWishlistItems(input: { entityId: $wishlistId, items: [{ productEntityId: $productId, variantEntityId: $variantId }] }) { result { entityId } } }
    }`,
  dropWishes: gql`
    mutation DropWishes($wishlistId: Int!, $itemIds: [Int!]!) {
      wishlist { deleteWishlistItems(input: { entityId: $wishlistId, itemEntityIds: $itemIds }) { result { entityId } } }
    }`,
  deleteWishlist: gql`mutation DeleteWishlist($wishlistId: Int!) { wishlist { deleteWishlists(input: { entityIds: [$wishlistId] }) { result } } }`,
};

const person = {
  firstName: 'Ann', lastName: 'Lee', email: 'ann@example.com', password: 'Garden-2024', phone: '020 7946 0001', company: 'Lee & Co',
};

const home = {
  firstName: 'Ann', lastName: 'Lee', address1: '5 Mill Lane', city: 'York', countryCode: 'GB', stateOrProvince: 'Yorkshire', postalCode: 'YO1 1AA',
};

const none = { checkboxes: [], multipleChoices: [], numbers: [], dates: [], passwords: [], multilineTexts: [], texts: [] };

const isPath = prefix => e => e.path.join('.') === prefix && e.message.length > 0;

main(async () => {
  const failures = [];
  const client = createClient({
    storeHash: store, storefrontToken: await privateToken(), channelId: '1', backendUserAgentExtensions: 'catalyst/1',
    beforeRequest: () => ({ headers: { 'Accept-Language': 'en', 'X-Forwarded-For': '192.0.2.9', 'True-Client-IP': '192.0.2.9' } }),
    onError: (error, type) => { failures.push([error.constructor, type]); },
  });
  const ask = async (name, variables, options = {}) =>
    (await client.fetch({ document: documents[name], variables, fetchOptions: { cache: 'no-store' }, ...options })).data;
  const rejected = (promise, kind, text) => assert.rejects(promise, e => {
    assert.equal(e.constructor, kind, e.stack);
    if (text) assert.match(e.message, text);
    return true;
  });

  // What is asked to build the storefront, and on every page.
  const { url, locales } = (await ask('build')).site.settings;
  assert.equal(url.vanityUrl, 'https://shop.example.com');
  assert.equal(new URL(`https://${url.cdnUrl}/`).hostname, url.cdnUrl.split(':')[0]); // it is written behind a scheme
  assert.equal(typeof url.checkoutUrl, 'string');
  assert.deepEqual(locales, [{ code: 'en', isDefault: true }]);
  assert.match((await ask('favicon')).site.settings.faviconUrl, /^https:\/\/.*\/assets\/favicon\.svg$/);
  assert.equal((await ask('robots')).site.settings.robotsTxt, 'User-agent: *\nDisallow: /account');
  assert.equal((await ask('status')).site.settings.status, 'LAUNCHED');
  assert.deepEqual((await ask('maintenance')).site.settings, {
    contact: { phone: '020 7946 0000', email: 'help@example.com' }, statusMessage: null, storeName: 'Demo store',
    logoV2: { __typename: 'StoreTextLogo', text: 'Demo store' },
  });
  assert.deepEqual((await ask('route', { path: '/login/' })).site.route, { redirect: null, node: null });
  const root = await ask('root');
  assert.equal(root.channel.entityId, 1);
  assert.equal(root.site.settings.seo.metaKeywords ? 'some' : 'none', 'none');
  assert.deepEqual(removeEdgesAndNodes(root.site.content.scripts), []);
  const layout = (await ask('layout')).site;
  assert.deepEqual(layout.settings.contact, { address: '1 High Street\nLondon', phone: '020 7946 0000' });
  assert.deepEqual(removeEdgesAndNodes(layout.currencies), [{ code: 'GBP', isTransactional: true, isDefault: true }]);
  const links = (await ask('links', { currencyCode: 'GBP' })).site;
  assert.deepEqual([links.categoryTree, removeEdgesAndNodes(links.content.pages), removeEdgesAndNodes(links.brands)], [[], [], []]);
  assert.equal((await ask('cartCount', { cartId: 'eb1d2b8a-bb29-4c51-b92a-9d1ad6a9a6b6' })).site.cart, null);
  const initiator = { visitId: '8a4a0a5c-6b1a-4c51-b92a-9d1ad6a9a6b6', visitorId: '0a4a0a5c-6b1a-4c51-b92a-9d1ad6a9a6b6' };
  const request = { url: 'https://shop.example.com/', refererUrl: '', userAgent: 'test' };
  assert.equal(typeof (await ask('visit', { input: { commonInput: { initiator, request } } })).analytics.visitStartedEvent.executed, 'boolean');

  // Sign-up. The form's fields say what is asked; built-in ones are known by id.
  const form = await ask('signUpForm', { customerSortBy: 'SORT_ORDER', addressSortBy: 'SORT_ORDER' });
  const { customer: ownFields, shippingAddress: addressFields } = form.site.settings.formFields;
  const builtIn = fields => fields.filter(f => f.isBuiltIn).map(f => f.entityId).sort((a, b) => a - b);
  for (const id of [1, 2, 3]) assert.ok(builtIn(ownFields).includes(id), `sign-up field ${id}`);
  assert.deepEqual(builtIn(addressFields), [4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  assert.ok(form.geography.countries.some(c => c.code === 'GB' && c.name === 'United Kingdom'));
  assert.equal(form.site.settings.customers.passwordComplexitySettings.minimumPasswordLength, 7);
  const field = (fields, label) => fields.find(f => f.label === label);
  const option = (fields, label, choice) => field(fields, label).options.find(o => o.label === choice).entityId;
  const own = (label, choice) => option(ownFields, label, choice);
  const floor = field(addressFields, 'Floor');
  assert.deepEqual([floor.__typename, floor.minNumber, floor.maxNumber], ['NumberFormField', -3, 200]);
  assert.equal(field(ownFields, 'Size').__typename, 'PicklistFormField');

  const signUp = {
    ...person,
    address: { ...home, formFields: { ...none, multilineTexts: [{ fieldEntityId: field(addressFields, 'Delivery note').entityId, multilineText: 'Ring\ntwice' }] } },
    formFields: {
      ...none,
      texts: [{ fieldEntityId: field(ownFields, 'Referral').entityId, text: 'A friend' }],
      checkboxes: [{ fieldEntityId: field(ownFields, 'Interests').entityId, fieldValueEntityIds: [own('Interests', 'Garden'), own('Interests', 'Music')] }],
      multipleChoices: [{ fieldEntityId: field(ownFields, 'Size').entityId, fieldValueEntityId: own('Size', 'M') }],
    },
  };
  const register = async change => (await ask('register', { input: { ...signUp, ...change } })).customer.registerCustomer;
  for (const [change, text] of [
    [{ email: 'jane@example.com' }, /already in use/],
    [{ password: 'short' }, /password/i],
    [{ email: 'nobody' }, /email/i],
    [{ formFields: none }, /Referral/],
    [{ address: { ...signUp.address, countryCode: 'XX' } }, /country/i],
  ]) {
    const wrong = await register(change);
    assert.equal(wrong.customer, null);
    assert.match(wrong.errors[0].message, text);
  }
  assert.deepEqual(await register(), { customer: { firstName: 'Ann', lastName: 'Lee' }, errors: [] });
  assert.match((await register()).errors[0].message, /already in use/);

  // Sign-in. What went wrong is told by the text of the error.
  const signIn = (password, address = person.email) => ask('signIn', { email: address, password, cartEntityId: undefined });
  await rejected(signIn('wrong-1234'), BigCommerceGQLError, /Invalid credentials/);
  await rejected(signIn('wrong-1234', 'nobody@example.com'), BigCommerceGQLError, /Invalid credentials/);
  await rejected(signIn('Secret-123', 'joe@example.com'), BigCommerceGQLError, /Reset password"/);
  let { login } = await signIn(person.password);
  assert.equal(login.cart, null);
  assert.deepEqual({ ...login.customer, entityId: 0 }, { entityId: 0, firstName: 'Ann', lastName: 'Lee', email: person.email });
  let customerAccessToken = login.customerAccessToken.value;
  const signed = (name, variables, options) => ask(name, variables, { customerAccessToken, ...options });

  // The account's pages.
  const orders = await signed('orders', { first: 5, after: '', filters: {} }, { errorPolicy: 'auth' });
  assert.deepEqual(removeEdgesAndNodes(orders.customer.orders), []);
  assert.deepEqual([orders.customer.orders.pageInfo.hasNextPage, orders.customer.orders.pageInfo.hasPreviousPage], [false, false]);
  const account = async () => (await signed('settings')).customer;
  const id = login.customer.entityId;
  assert.deepEqual(await account(), { entityId: id, email: person.email, firstName: 'Ann', lastName: 'Lee', company: 'Lee & Co', isSubscribedToNewsletter: false });
  assert.equal((await signed('settings')).site.settings.newsletter.showNewsletterSignup, true);

  const changeDetails = async input => (await signed('update', { input })).customer.updateCustomer;
  // Required fields of the account are asked for in every change.
  assert.deepEqual((await changeDetails({ firstName: 'Anna' })).errors, [{ __typename: 'ValidationError', message: `Required account form field ID ${field(ownFields, 'Referral').entityId} ('Referral') is missing` }]);
  const referral = { ...none, texts: [{ fieldEntityId: field(ownFields, 'Referral').entityId, text: 'A friend' }] };
  const update = input => changeDetails({ ...input, formFields: referral });
  assert.deepEqual(await update({ firstName: 'Anna', lastName: 'Lee', email: 'anna@example.com', company: '' }), { customer: { firstName: 'Anna', lastName: 'Lee' }, errors: [] });
  assert.deepEqual(await account(), { entityId: id, email: 'anna@example.com', firstName: 'Anna', lastName: 'Lee', company: '', isSubscribedToNewsletter: false });
  assert.equal((await update({ email: 'jane@example.com' })).errors[0].__typename, 'EmailAlreadyInUseError');
  assert.equal((await update({ email: 'nobody' })).errors[0].__typename, 'ValidationError');
  person.email = 'anna@example.com';

  const changePassword = async (currentPassword, newPassword) => (await signed('changePassword', { input: { currentPassword, newPassword } })).customer.changePassword.errors;
  assert.match((await changePassword('wrong-1234', 'Meadow-2025'))[0].message, /current password/);
  assert.deepEqual((await changePassword(person.password, 'short'))[0].path, ['input', 'newPassword']);
  assert.deepEqual(await changePassword(person.password, 'Meadow-2025'), []);
  assert.equal((await account()).firstName, 'Anna');
  await rejected(signIn(person.password), BigCommerceGQLError, /Invalid credentials/);
  person.password = 'Meadow-2025';

  // A new sign-in ends the one before it.
  const elsewhere = customerAccessToken;
  customerAccessToken = (await signIn(person.password)).login.customerAccessToken.value;
  await rejected(ask('settings', {}, { customerAccessToken: elsewhere }), InvalidCustomerAccessTokenError);

  // The address book, by pages and with every kind of field.
  const place = label => field(addressFields, label).entityId;
  const kind = choice => option(addressFields, 'Kind', choice);
  const book = async variables => {
    const { addresses } = (await signed('book', variables)).customer;
    return { ...addresses, list: removeEdgesAndNodes({ edges: addresses.edges }) };
  };
  const add = async input => (await signed('addAddress', { input })).customer.addCustomerAddress;
  const first = await book({ first: 10, after: '' });
  assert.equal(first.collectionInfo.totalItems, 1);
  assert.deepEqual(first.list[0].formFields, [{ entityId: place('Delivery note'), __typename: 'MultilineTextFormFieldValue', name: 'Delivery note', multilineText: 'Ring\ntwice' }]);
  const flat = {
    ...home, address1: '7 Castle Road', address2: 'Flat 3', company: 'Lee & Co', phone: '020 7946 0002',
    formFields: {
      ...none,
      numbers: [{ fieldEntityId: place('Floor'), number: 3 }],
      dates: [{ fieldEntityId: place('Moved in'), date: new Date('2024-02-29').toISOString() }],
      multipleChoices: [{ fieldEntityId: place('Kind'), fieldValueEntityId: kind('Flat') }],
      passwords: [{ fieldEntityId: place('Gate code'), password: '1234' }],
    },
  };
  const added = await add(flat);
  assert.deepEqual(added.errors, []);
  const { entityId } = added.address;
  const find = async () => (await book({ first: 10, after: '' })).list.find(a => a.entityId === entityId);
  const answers = a => Object.fromEntries(a.formFields.map(f => [f.name, f]));
  let got = await find();
  assert.deepEqual([got.address1, got.address2, got.city, got.stateOrProvince, got.countryCode, got.postalCode, got.company, got.phone],
    ['7 Castle Road', 'Flat 3', 'York', 'Yorkshire', 'GB', 'YO1 1AA', 'Lee & Co', '020 7946 0002']);
  assert.equal(answers(got).Floor.number, 3);
  assert.ok(answers(got)['Moved in'].date.utc.startsWith('2024-02-29'));
  assert.deepEqual([answers(got).Kind.valueEntityId, answers(got).Kind.value], [kind('Flat'), 'Flat']);
  for (const [change, path] of [
    [{ countryCode: 'XX' }, 'input.countryCode'],
    [{ formFields: { ...none, numbers: [{ fieldEntityId: place('Floor'), number: 999 }] } }, null],
  ]) {
    const { errors, address } = await add({ ...flat, address1: '9 Castle Road', ...change });
    assert.equal(address, null);
    if (path) assert.ok(errors.some(isPath(path)), JSON.stringify(errors));
    else assert.match(errors[0].message, /Floor/);
  }
  const change = async (addressEntityId, data) => (await signed('updateAddress', { input: { addressEntityId, data } })).customer.updateCustomerAddress;
  assert.deepEqual(await change(entityId, {
    firstName: 'Ann', lastName: 'Lee', address1: '8 Castle Road', address2: '', city: 'York', company: '', countryCode: 'GB', stateOrProvince: 'Yorkshire', phone: '', postalCode: 'YO1 1AB',
    formFields: { ...none, numbers: [{ fieldEntityId: place('Floor'), number: -1 }], multipleChoices: [{ fieldEntityId: place('Kind'), fieldValueEntityId: kind('House') }] },
  }), { errors: [], address: { entityId } });
  got = await find();
  assert.deepEqual([got.address1, answers(got).Floor.number, answers(got).Kind.value], ['8 Castle Road', -1, 'House']);
  assert.ok(answers(got)['Moved in'], 'fields that are not named stay');
  assert.equal((await change(999999, { city: 'Leeds' })).errors[0].__typename, 'AddressDoesNotExistError');
  assert.equal((await change(entityId, { countryCode: 'XX' })).errors[0].__typename, 'ValidationError');
  for (let i = 1; i <= 11; i++) assert.deepEqual((await add({ ...home, address1: `${i} Long Street`, formFields: none })).errors, []);
  const one = await book({ first: 10, after: '' });
  assert.deepEqual([one.list.length, one.collectionInfo.totalItems, one.pageInfo.hasNextPage], [10, 13, true]);
  const two = await book({ first: 10, after: one.pageInfo.endCursor });
  assert.deepEqual([two.list.length, two.pageInfo.hasNextPage, two.pageInfo.hasPreviousPage], [3, false, true]);
  const back = await book({ last: 10, before: two.pageInfo.startCursor });
  assert.deepEqual(back.list, one.list);
  const remove = async addressEntityId => (await signed('deleteAddress', { input: { addressEntityId } })).customer.deleteCustomerAddress.errors;
  assert.deepEqual(await remove(entityId), []);
  assert.equal(await find(), undefined);
  assert.equal((await remove(entityId))[0].__typename, 'CustomerAddressDeletionError');

  // The newsletter, in the footer and among the settings.
  const subscribe = async input => (await ask('subscribe', { input })).newsletter.subscribe.errors;
  const unsubscribe = async address => (await ask('unsubscribe', { input: { email: address } })).newsletter.unsubscribe.errors;
  assert.deepEqual(await subscribe({ email: person.email, firstName: 'Anna', lastName: 'Lee' }), []);
  assert.equal((await account()).isSubscribedToNewsletter, true);
  assert.equal((await subscribe({ email: person.email }))[0].__typename, 'CreateSubscriberAlreadyExistsError');
  assert.equal((await subscribe({ email: 'nobody' }))[0].__typename, 'CreateSubscriberEmailInvalidError');
  assert.deepEqual(await unsubscribe(person.email), []);
  assert.equal((await account()).isSubscribedToNewsletter, false);
  assert.equal((await unsubscribe('nobody'))[0].__typename, 'RemoveSubscriberEmailInvalidError');

  // Wishlists: made, shown six things each, shared, changed and deleted.
  const create = async input => (await signed('createWishlist', { input })).wishlist.createWishlist.result;
  const birthday = await create({ name: 'Birthday', isPublic: true });
  assert.deepEqual(birthday, { entityId: birthday.entityId, name: 'Birthday', isPublic: true });
  const { entityId: wishlistId } = birthday;
  for (const productId of [11, 12, 13, 14, 15, 16, 17]) assert.equal((await signed('addWish', { wishlistId, productId })).wishlist.addWishlistItems.result.entityId, wishlistId);
  await signed('addWish', { wishlistId, productId: 11, variantId: 5 });
  await create({ name: 'Later', isPublic: false, items: [{ productEntityId: 11 }] });
  const lists = (await signed('wishlists', { first: 10, after: null, currencyCode: 'GBP' })).customer.wishlists;
  assert.deepEqual(removeEdgesAndNodes(lists).map(w => [w.name, w.isPublic, removeEdgesAndNodes(w.items).length, w.items.collectionInfo.totalItems]),
    [['Birthday', true, 6, 8], ['Later', false, 1, 1]]);
  assert.equal(lists.pageInfo.hasNextPage, false);
  const shown = async variables => removeEdgesAndNodes((await signed('wishlist', { entityId: wishlistId, currencyCode: 'GBP', ...variables })).customer.wishlists)[0];
  const page = await shown({ first: 5, after: null });
  assert.deepEqual(removeEdgesAndNodes(page.items).map(i => i.productEntityId).length, 5);
  const rest = await shown({ first: 5, after: page.items.pageInfo.endCursor });
  const wishes = [...removeEdgesAndNodes(page.items), ...removeEdgesAndNodes(rest.items)];
  assert.deepEqual(wishes.map(i => i.productEntityId).sort(), [11, 11, 12, 13, 14, 15, 16, 17]);
  assert.deepEqual(wishes.filter(i => i.variantEntityId).map(i => [i.productEntityId, i.variantEntityId]), [[11, 5]]);
  const button = (await signed('wishButton', { first: 50, productId: 11 })).customer;
  assert.deepEqual(removeEdgesAndNodes(button.wishlistsContainingProduct).map(w => [w.name, removeEdgesAndNodes(w.items).length]), [['Birthday', 2], ['Later', 1]]);
  assert.equal(removeEdgesAndNodes(button.wishlists).length, 2);
  const shared = async () => (await ask('publicWishlist', { first: 10, token: page.token, currencyCode: 'GBP' })).site.publicWishlist;
  assert.deepEqual([(await shared()).name, (await shared()).items.collectionInfo.totalItems], ['Birthday', 8]);
  const alter = async input => (await signed('updateWishlist', { wishlistId, input })).wishlist.updateWishlist.result;
  assert.deepEqual(await alter({ isPublic: false }), { entityId: wishlistId, name: 'Birthday', isPublic: false });
  assert.equal(await shared(), null);
  assert.equal((await alter({ name: 'My birthday' })).name, 'My birthday');
  await signed('dropWishes', { wishlistId, itemIds: wishes.slice(1).map(i => i.entityId) });
  assert.equal((await shown({ first: 10 })).items.collectionInfo.totalItems, 1);
  assert.equal((await signed('deleteWishlist', { wishlistId })).wishlist.deleteWishlists.result, 'success');
  assert.equal(await shown({ first: 10 }), undefined);
  await rejected(ask('createWishlist', { input: { name: 'Mine', isPublic: false } }), BigCommerceGQLError);

  // A forgotten password. The emailed link leads to the storefront's own page.
  const forget = async address => (await ask('forgotPassword', { input: { email: address, path: '/change-password' } })).customer.requestResetPassword.errors;
  assert.deepEqual(await forget('nobody@example.com'), []);
  assert.equal((await forget('nobody'))[0].__typename, 'ValidationError');
  assert.deepEqual(await forget(person.email), []);
  const link = new URL((await email('password_reset', person.email)).links.find(l => l.includes('/change-password')));
  assert.equal(link.origin + link.pathname.replace(/\/$/, ''), 'https://shop.example.com/change-password');
  const reset = async newPassword => (await ask('resetPassword', {
    input: { token: link.searchParams.get('t'), customerEntityId: Number(link.searchParams.get('c')), newPassword },
  })).customer.resetPassword.errors;
  assert.ok((await reset('short'))[0].message);
  assert.deepEqual(await reset('River-2026'), []);
  assert.ok((await reset('River-2027'))[0].message, 'a link works once');

  // All sessions ended; the storefront then signs the shopper out.
  const before = failures.length;
  await rejected(account(), InvalidCustomerAccessTokenError, /INVALID_CUSTOMER_ACCESS_TOKEN/);
  await assert.rejects(account(), BigCommerceAuthError);
  await rejected(signed('orders', { first: 5 }, { errorPolicy: 'auth' }), InvalidCustomerAccessTokenError);
  assert.deepEqual(failures.slice(before), Array(3).fill([InvalidCustomerAccessTokenError, 'query']));
  assert.equal((await signed('settings', {}, { validateCustomerAccessToken: false })).customer, null);

  ({ login } = await signIn('River-2026'));
  customerAccessToken = login.customerAccessToken.value;
  assert.equal((await account()).entityId, id);
  const { logout } = await signed('signOut', { cartEntityId: undefined });
  assert.deepEqual(logout, { result: 'success', cartUnassignResult: { cart: null } });
  await rejected(account(), InvalidCustomerAccessTokenError);

  // Nobody is signed in.
  customerAccessToken = undefined;
  assert.equal((await signed('book', { first: 10 })).customer, null);
  assert.equal((await update({ firstName: 'X' })).errors[0].__typename, 'CustomerNotLoggedInError');
  assert.match((await add(flat)).errors[0].message, /not logged in/);
  assert.equal((await change(1, { city: 'X' })).errors[0].__typename, 'CustomerNotLoggedInError');
  assert.equal((await remove(1))[0].__typename, 'CustomerNotLoggedInError');
  assert.match((await changePassword('a', 'b'))[0].message, /not logged in/);
  assert.deepEqual((await ask('signOut', {})).logout.result, 'success');

  // An app signs a shopper in, on the channel that its token names.
  const word = claims => jwt.sign({
    iss: 'CID', iat: Math.floor(Date.now() / 1000), jti: `${Math.random()}`, operation: 'customer_login', store_hash: store, customer_id: 1, channel_id: 1, ...claims,
  }, 'SECRET', { algorithm: 'HS256' });
  const byToken = await ask('signInByToken', { jwt: word() }, { channelId: '1' });
  assert.equal(byToken.loginWithCustomerLoginJwt.customer.email, 'jane@example.com');
  customerAccessToken = byToken.loginWithCustomerLoginJwt.customerAccessToken.value;
  assert.equal((await account()).email, 'jane@example.com');
  await rejected(ask('signInByToken', { jwt: word({ customer_id: 999 }) }, { channelId: '1' }), BigCommerceGQLError, /Invalid login/);

  // What the whole request is refused for is an error of the API.
  await rejected(ask('status', {}, { channelId: '2' }), BigCommerceAPIError, /channel id/);
  const stranger = token => createClient({ storeHash: store, storefrontToken: token, channelId: '1' });
  await assert.rejects(stranger('nonsense').fetch({ document: documents.status }), { name: 'InvalidStorefrontTokenError', status: 401 });
  const forged = jwt.sign({ cid: [1], sid: 1, iat: 1 }, 'SECRET');
  await rejected(stranger(forged).fetch({ document: documents.status }), BigCommerceAPIError, /returned 401[^]*invalid credentials/);
  await rejected(client.fetch({ document: 'query Wrong { site { nothing } }' }), BigCommerceAPIError, /returned 400[^]*nothing/);
  // A private token does what its scopes say.
  const anonymous = stranger(await privateToken(['Unauthenticated']));
  assert.equal((await anonymous.fetch({ document: documents.status })).data.site.settings.status, 'LAUNCHED');
  await rejected(anonymous.fetch({ document: documents.settings, customerAccessToken }), BigCommerceGQLError, /INSUFFICIENT_ACCESS_SCOPE/);
  // Servers may use a token that is meant for browsers, too.
  const simple = stranger(await browserToken('https://shop.example.com'));
  assert.equal((await simple.fetch({ document: documents.settings, customerAccessToken })).data.customer.email, 'jane@example.com');
});
