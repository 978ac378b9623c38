"""The life of an account, by the clients that Microsoft publishes for Python."""

import asyncio
import hashlib
import os
import ssl
import uuid

import httpx
import msal
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.user import User
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import AssignLicensePostRequestBody
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from PowerPlatform.Dataverse.client import DataverseClient

SERVICES, CA, TENANT, CLIENT, SECRET, CERTIFICATE = (
    os.environ[name] for name in ("SERVICES", "CA", "TENANT", "CLIENT", "SECRET", "CERTIFICATE")
)
SKU, DOMAIN, ENVIRONMENT = (os.environ[name] for name in ("SKU", "DOMAIN", "ENVIRONMENT"))
SCOPE = f"{SERVICES}/.default"
os.environ["REQUESTS_CA_BUNDLE"] = CA


def signed_in_by_msal():
    app = msal.ConfidentialClientApplication(
        CLIENT, authority=f"{SERVICES}/{TENANT}", client_credential=SECRET, instance_discovery=False
    )
    token = app.acquire_token_for_client([SCOPE])
    assert "access_token" in token, token
    oidc = msal.ConfidentialClientApplication(
        CLIENT, oidc_authority=f"{SERVICES}/{TENANT}/v2.0", client_credential=SECRET
    )
    assert "access_token" in oidc.acquire_token_for_client([SCOPE])
    wrong = msal.ConfidentialClientApplication(
        CLIENT, authority=f"{SERVICES}/{TENANT}", client_credential="wrong", instance_discovery=False
    ).acquire_token_for_client([SCOPE])
    assert wrong["error"] == "invalid_client" and 7000215 in wrong["error_codes"], wrong
    with open(CERTIFICATE, encoding="ascii") as file:
        pem = file.read()
    key, certificate = (pem[at:] for at in (0, pem.index("-----BEGIN CERTIFICATE-----")))
    # With the certificate at hand it signs PS256, with its print alone RS256.
    for proof in (
        {"private_key": key, "public_certificate": certificate},
        {"private_key": key, "thumbprint": thumbprint(certificate)},
    ):
        app = msal.ConfidentialClientApplication(
            CLIENT, authority=f"{SERVICES}/{TENANT}", client_credential=proof, instance_discovery=False
        )
        answer = app.acquire_token_for_client([SCOPE])
        assert "access_token" in answer, answer
    return token["access_token"]


def thumbprint(certificate):
    der = ssl.PEM_cert_to_DER_cert(certificate)
    return hashlib.sha1(der).hexdigest().upper()


def signed_in_by_certificate(chain):
    own = CertificateCredential(
        TENANT,
        CLIENT,
        CERTIFICATE,
        authority=SERVICES,
        disable_instance_discovery=True,
        send_certificate_chain=chain,
    )
    assert own.get_token(SCOPE).token


def credential(secret=SECRET):
    return ClientSecretCredential(TENANT, CLIENT, secret, authority=SERVICES, disable_instance_discovery=True)


def graph_client():
    provider = AzureIdentityAuthenticationProvider(credential(), scopes=[SCOPE], allowed_hosts=["localhost"])
    client = httpx.AsyncClient(verify=ssl.create_default_context(cafile=CA))
    adapter = GraphRequestAdapter(provider, client=client)
    adapter.base_url = f"{SERVICES}/v1.0"
    return GraphServiceClient(request_adapter=adapter)


async def refused(call):
    try:
        await call
    except ODataError as error:
        assert error.error.inner_error.request_id and error.error.inner_error.date, error
        return error.response_status_code, error.error.code
    raise AssertionError("it was not refused")


async def main():
    token = signed_in_by_msal()
    for chain in (False, True):
        signed_in_by_certificate(chain)
    try:
        credential("wrong").get_token(SCOPE)
        raise AssertionError("a wrong secret signs in")
    except ClientAuthenticationError as error:
        assert "AADSTS7000215" in str(error), error

    graph = graph_client()
    assert [str(one.id) for one in (await graph.organization.get()).value] == [TENANT]
    sku = next(sku for sku in (await graph.subscribed_skus.get()).value if str(sku.sku_id) == SKU)
    before = sku.consumed_units

    name = f"svc-{uuid.uuid4().hex[:8]}"
    wish = User(
        account_enabled=True,
        display_name=name,
        mail_nickname=name,
        user_principal_name=f"{name}@{DOMAIN}",
        usage_location="GB",
        password_profile=PasswordProfile(
            force_change_password_next_sign_in=False, password=f"{uuid.uuid4().hex}aA1!"
        ),
    )
    user = await graph.users.post(wish)
    assert user.user_principal_name == f"{name}@{DOMAIN}"
    assert await refused(graph.users.post(wish)) == (400, "Request_BadRequest")
    licenses = graph.users.by_user_id(user.id).assign_license
    give = AssignLicensePostRequestBody(
        add_licenses=[AssignedLicense(sku_id=uuid.UUID(SKU), disabled_plans=[])], remove_licenses=[]
    )
    await licenses.post(give)
    query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
        select=["id", "licenseAssignmentStates"], filter=f"userPrincipalName eq '{name}@{DOMAIN}'"
    )
    configuration = UsersRequestBuilder.UsersRequestBuilderGetRequestConfiguration(query_parameters=query)
    (found,) = (await graph.users.get(request_configuration=configuration)).value
    (state,) = found.license_assignment_states
    assert (str(state.sku_id), state.state, state.assigned_by_group) == (SKU, "Active", None)

    # Nobody publishes a client for this service.
    asked = requests.post(
        f"{SERVICES}/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments/{ENVIRONMENT}/addUser",
        params={"api-version": "2023-06-01"},
        json={"objectId": user.id},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert asked.ok, asked.text

    dataverse = DataverseClient(SERVICES, credential())
    pages = dataverse.records.get(
        "systemuser", filter=f"azureactivedirectoryobjectid eq {user.id}", select=["systemuserid", "accessmode"]
    )
    (row,) = (row for page in pages for row in page)
    assert row["accessmode"] == 0
    key = row["systemuserid"]
    dataverse.records.update("systemuser", key, {"accessmode": 4})
    take = AssignLicensePostRequestBody(add_licenses=[], remove_licenses=[uuid.UUID(SKU)])
    await licenses.post(take)
    row = dataverse.records.get("systemuser", key, select=["accessmode", "isdisabled"])
    assert (row["accessmode"], row["isdisabled"]) == (4, False), row
    sku = next(sku for sku in (await graph.subscribed_skus.get()).value if str(sku.sku_id) == SKU)
    assert sku.consumed_units == before

    await graph.users.by_user_id(user.id).delete()
    assert await refused(graph.users.by_user_id(user.id).get()) == (404, "Request_ResourceNotFound")


asyncio.run(main())
