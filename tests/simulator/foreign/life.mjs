// The life of an account, by clients from npm.

import assert from "node:assert/strict";
import { X509Certificate, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { ClientCertificateCredential, ClientSecretCredential } from "@azure/identity";
import { ConfidentialClientApplication } from "@azure/msal-node";
import { Client } from "@microsoft/microsoft-graph-client";
import { DynamicsWebApi } from "dynamics-web-api";

const { SERVICES, TENANT, CLIENT, SECRET, CERTIFICATE, SKU, DOMAIN, ENVIRONMENT } = process.env;
const scope = `${SERVICES}/.default`;

const options = { authorityHost: SERVICES, disableInstanceDiscovery: true };
for (const credential of [
  new ClientSecretCredential(TENANT, CLIENT, SECRET, options),
  new ClientCertificateCredential(TENANT, CLIENT, { certificatePath: CERTIFICATE }, options),
  new ClientCertificateCredential(TENANT, CLIENT, { certificatePath: CERTIFICATE }, { ...options, sendCertificateChain: true }),
]) {
  assert.ok((await credential.getToken(scope)).token);
}

const application = (proof) =>
  new ConfidentialClientApplication({
    auth: {
      clientId: CLIENT,
      authority: `${SERVICES}/${TENANT}`,
      knownAuthorities: [new URL(SERVICES).host],
      ...proof,
    },
  });
const pem = readFileSync(CERTIFICATE, "ascii");
const thumbprintSha256 = new X509Certificate(pem.slice(pem.indexOf("-----BEGIN CERTIFICATE-----"))).fingerprint256.replaceAll(":", "");
const byCertificate = application({ clientCertificate: { thumbprintSha256, privateKey: pem } });
assert.ok((await byCertificate.acquireTokenByClientCredential({ scopes: [scope] })).accessToken);
const msal = application({ clientSecret: SECRET });
const token = async () => (await msal.acquireTokenByClientCredential({ scopes: [scope] })).accessToken;

const graph = Client.init({
  baseUrl: `${SERVICES}/`,
  defaultVersion: "v1.0",
  customHosts: new Set(["localhost"]),
  authProvider: (done) => token().then((value) => done(null, value), done),
});
const name = `svc-${randomUUID().slice(0, 8)}`;
const user = await graph.api("/users").post({
  accountEnabled: true,
  displayName: name,
  mailNickname: name,
  userPrincipalName: `${name}@${DOMAIN}`,
  usageLocation: "GB",
  passwordProfile: { forceChangePasswordNextSignIn: false, password: `${randomUUID()}aA1!` },
});
const license = (add, remove) =>
  graph.api(`/users/${user.id}/assignLicense`).post({ addLicenses: add, removeLicenses: remove });
await license([{ skuId: SKU, disabledPlans: [] }], []);
const batch = await graph.api("/$batch").post({
  requests: [
    { id: "1", method: "GET", url: `/users/${user.id}?$select=id,assignedLicenses` },
    { id: "2", method: "GET", url: `/users/${randomUUID()}` },
  ],
});
assert.deepEqual(new Map(batch.responses.map((one) => [one.id, one.status])), new Map([["1", 200], ["2", 404]]));
await assert.rejects(graph.api(`/users/${randomUUID()}`).get(), { statusCode: 404, code: "Request_ResourceNotFound" });

// Nobody publishes a client for this service.
const admin = `${SERVICES}/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments/${ENVIRONMENT}`;
const added = await fetch(`${admin}/addUser?api-version=2023-06-01`, {
  method: "POST",
  headers: { authorization: `Bearer ${await token()}`, "content-type": "application/json" },
  body: JSON.stringify({ objectId: user.id }),
});
assert.ok(added.ok, await added.text());

const dataverse = new DynamicsWebApi({ serverUrl: SERVICES, dataApi: { version: "9.2" }, onTokenRefresh: token });
const systemusers = { collection: "systemusers" };
const { value: rows } = await dataverse.retrieveMultiple({
  ...systemusers,
  select: ["systemuserid", "accessmode"],
  filter: `azureactivedirectoryobjectid eq ${user.id}`,
});
assert.equal(rows.length, 1);
const key = rows[0].systemuserid;
await dataverse.update({ ...systemusers, key, data: { accessmode: 4 } });
const { value: roles } = await dataverse.retrieveMultiple({
  collection: "roles",
  select: ["roleid", "name"],
  filter: "name eq 'Writer'",
});
await dataverse.associate({
  ...systemusers,
  primaryKey: key,
  relationshipName: "systemuserroles_association",
  relatedCollection: "roles",
  relatedKey: roles[0].roleid,
});
const held = await dataverse.retrieve({
  ...systemusers,
  key,
  select: ["accessmode"],
  expand: [{ property: "systemuserroles_association", select: ["name"] }],
});
assert.deepEqual([held.accessmode, held.systemuserroles_association.map((role) => role.name)], [4, ["Writer"]]);
assert.ok((await dataverse.callFunction("WhoAmI")).UserId);
await license([], [SKU]);
const after = await dataverse.retrieve({ ...systemusers, key, select: ["accessmode", "isdisabled"] });
assert.deepEqual([after.accessmode, after.isdisabled], [4, false]);
await assert.rejects(dataverse.update({ ...systemusers, key: randomUUID(), data: { accessmode: 4 }, ifmatch: "*" }), {
  status: 404,
  code: "0x80040217",
});
await graph.api(`/users/${user.id}`).delete();
await assert.rejects(graph.api(`/users/${user.id}`).get(), { statusCode: 404 });
