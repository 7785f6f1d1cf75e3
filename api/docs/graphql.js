// Shows this server's own schema and sends queries to this server. Nothing is asked of another host.
(async () => {
  const text = await (await fetch("../storefront.graphql")).text();
  const greeting = `# Requests need a storefront token that may be used from this origin. Make one with
# POST /stores/{store_hash}/v3/storefront/api-token and put it under Headers:
#
#   { "Authorization": "Bearer ..." }

query {
  site {
    settings {
      storeName
    }
  }
}
`;
  ReactDOM.createRoot(document.getElementById("explorer")).render(
    React.createElement(GraphiQL, {
      fetcher: GraphiQL.createFetcher({ url: "../graphql" }),
      schema: GraphiQL.GraphQL.buildSchema(text),
      defaultQuery: greeting,
      defaultEditorToolsVisibility: "headers",
      shouldPersistHeaders: false,
    }),
  );
})();
