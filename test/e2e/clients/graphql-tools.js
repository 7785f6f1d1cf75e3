'use strict';

// GraphQL's own tools read the schema, and common clients use it.

const assert = require('node:assert/strict');
const { buildClientSchema, buildSchema, getIntrospectionQuery, parse, printSchema, validate, validateSchema, lexicographicSortSchema } = require('graphql');
const { server, store, port, privateToken, main } = require('./storefront');

const endpoint = `https://store-${store}.localhost:${port}/graphql`;
const credentials = { email: 'jane@example.com', password: 'Secret-123' };
const signIn = 'mutation SignIn($email: String!, $password: String!) { login(email: $email, password: $password) { customerAccessToken { value expiresAt } } }';
const book = 'query Book($first: Int) { customer { entityId addresses(first: $first) { edges { node { entityId city formFields { entityId name } } } } } site { settings { storeName } } }';
const wrong = { email: 'jane@example.com', password: 'Wrong-123' };

main(async () => {
  const authorization = `Bearer ${await privateToken()}`;

  // The schema as code generators and editors ask for it.
  const ask = async (query, init = {}) => {
    const res = await fetch(endpoint, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify({ query }), ...init });
    assert.equal(res.status, 200, await res.clone().text());
    return res.json();
  };
  const all = { descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true };
  const { data, errors } = await ask(getIntrospectionQuery(all));
  assert.equal(errors, undefined);
  const schema = buildClientSchema(data);
  assert.deepEqual(validateSchema(schema), []);
  for (const document of [signIn, book]) assert.deepEqual(validate(schema, parse(document)), []);
  assert.equal(schema.getMutationType().getFields().login.args.length, 3);
  // Older tools ask for less, others by GET or with another name of the type.
  buildClientSchema((await ask(getIntrospectionQuery({ descriptions: false }))).data);
  const got = await fetch(`${endpoint}?${new URLSearchParams({ query: getIntrospectionQuery() })}`, { headers: { authorization, accept: 'application/graphql-response+json, application/json' } });
  assert.equal(got.status, 200);
  buildClientSchema((await got.json()).data);
  // The published document is that schema.
  const sdl = await (await fetch(`${server}/storefront.graphql`)).text();
  assert.equal(printSchema(lexicographicSortSchema(buildSchema(sdl))), printSchema(lexicographicSortSchema(schema)));

  // graphql-request
  {
    const { GraphQLClient, ClientError } = await import('graphql-request');
    const client = new GraphQLClient(endpoint, { headers: { authorization } });
    const { login } = await client.request(signIn, credentials);
    assert.ok(new Date(login.customerAccessToken.expiresAt) > new Date());
    const { customer } = await client.request(book, { first: 5 }, { 'X-Bc-Customer-Access-Token': login.customerAccessToken.value });
    assert.equal(customer.addresses.edges[0].node.city, 'London');
    await assert.rejects(client.request(signIn, wrong), e => e instanceof ClientError && e.response.errors[0].message === 'Invalid credentials' && e.response.errors[0].path[0] === 'login');
    await assert.rejects(new GraphQLClient(endpoint).request(book), e => e instanceof ClientError && e.response.status === 401);
  }

  // Apollo Client, which asks for __typename everywhere and keeps a cache.
  {
    const { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } = await import('@apollo/client');
    let token;
    const link = new ApolloLink((operation, forward) => {
      operation.setContext(({ headers }) => ({ headers: { ...headers, authorization, ...(token && { 'X-Bc-Customer-Access-Token': token }) } }));
      return forward(operation);
    }).concat(new HttpLink({ uri: endpoint }));
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    const result = await client.mutate({ mutation: gql(signIn), variables: credentials });
    token = result.data.login.customerAccessToken.value;
    for (const fetchPolicy of ['cache-first', 'cache-only', 'network-only']) {
      const { data: { customer, site } } = await client.query({ query: gql(book), variables: { first: 5 }, fetchPolicy });
      assert.deepEqual([customer.__typename, customer.addresses.__typename, site.settings.__typename], ['Customer', 'AddressConnection', 'Settings']);
      assert.equal(customer.addresses.edges[0].node.city, 'London');
    }
    await assert.rejects(client.mutate({ mutation: gql(signIn), variables: wrong }), /Invalid credentials/);
    client.stop();
  }

  // urql, with POST and with GET.
  {
    const { Client, cacheExchange, fetchExchange } = await import('@urql/core');
    let token;
    const client = new Client({
      url: endpoint, exchanges: [cacheExchange, fetchExchange],
      fetchOptions: () => ({ headers: { authorization, ...(token && { 'X-Bc-Customer-Access-Token': token }) } }),
    });
    const result = await client.mutation(signIn, credentials).toPromise();
    assert.equal(result.error, undefined);
    token = result.data.login.customerAccessToken.value;
    for (const preferGetMethod of [false, 'force']) {
      const { data: answer, error } = await client.query(book, { first: 5 }, { preferGetMethod, requestPolicy: 'network-only' }).toPromise();
      assert.equal(error, undefined);
      assert.equal(answer.customer.addresses.edges[0].node.city, 'London');
    }
    const refused = await client.mutation(signIn, wrong).toPromise();
    assert.equal(refused.error.graphQLErrors[0].message, 'Invalid credentials');
    const invalid = await client.query('{ nothing }', {}).toPromise();
    assert.match(invalid.error.message, /nothing/);
  }
});
