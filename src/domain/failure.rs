//! Failures as data: a stable code, a plain sentence, what to do, and who can do it. Which answer of which service leads to
//! which code is said by the table of answers.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Who can mend a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// Nobody needs to: Seatless tries again by itself.
    Seatless,
    /// Whoever submitted the request: its content is at fault.
    Requester,
    /// Whoever runs Seatless: its config, its host or its database.
    Operator,
    /// An administrator of the Microsoft Entra tenant.
    TenantAdmin,
    /// An administrator of the Dataverse environment.
    EnvironmentAdmin,
}

/// One row of the catalog of codes.
#[derive(Clone, Copy, Debug)]
pub struct CodeRow {
    /// What happened, in one plain sentence.
    pub sentence: &'static str,
    /// What to do about it.
    pub hint: &'static str,
    /// Who can do it.
    pub who: Who,
    /// Whether the same request may succeed later without anybody's help.
    pub retryable: bool,
}

macro_rules! codes {
    ($($name:ident = $text:literal, $who:ident, $retryable:literal, $sentence:literal, $hint:literal;)*) => {
        /// What went wrong, as a code that never changes its meaning: `area.reason` in kebab case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $sentence] $name,)*
        }

        impl Code {
            /// Every code, in the order of the catalog.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The code's stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// The code as a list of one, which lives for ever.
            pub const fn alone(self) -> &'static [Code] {
                match self { $(Code::$name => &[Code::$name],)* }
            }

            /// The code's row of the catalog.
            pub const fn row(self) -> CodeRow {
                match self {
                    $(Code::$name => CodeRow {
                        sentence: $sentence, hint: $hint, who: Who::$who, retryable: $retryable,
                    },)*
                }
            }
        }
    };
}

codes! {
    IntakeMalformed = "intake.malformed", Requester, false,
        "The file cannot be read as a list of requests.",
        "Correct the place that is named; `seatless submit --help` shows the columns and formats.";
    IntakeInvalid = "intake.invalid", Requester, false,
        "A value is not acceptable.",
        "Correct the value that is named and submit the file again; nothing of it was stored.";
    IntakeDuplicate = "intake.duplicate", Requester, false,
        "The same user name in the same environment stands in the file twice.",
        "Remove one of the two rows.";
    IntakeSiblings = "intake.siblings-disagree", Requester, false,
        "Rows that ask for the same user in several environments disagree about the user.",
        "Give all of them the same display_name, given_name, surname, usage_location and license.";
    IntakeConflict = "intake.conflict", Requester, false,
        "The same request is already stored with other content.",
        "Compare with `seatless show`; submit what is stored, or cancel the stored request first.";
    IntakeUnknownEnvironment = "intake.unknown-environment", Requester, false,
        "The config names no such environment.",
        "Use a name from `seatless config`, or add the environment to the config.";
    IntakeInProgress = "intake.in-progress", Seatless, true,
        "Another submission that holds the same request has not finished.",
        "Submit again in a moment.";
    SignInSecretInvalid = "sign-in.secret-invalid", TenantAdmin, false,
        "Microsoft Entra refuses the client secret.",
        "Put the secret's value (not its id) where the config points, then retry.";
    SignInSecretExpired = "sign-in.secret-expired", TenantAdmin, false,
        "The client secret has expired.",
        "Create a new client secret for the app registration, put it where the config points, then retry.";
    SignInAppUnknown = "sign-in.app-unknown", Operator, false,
        "The tenant does not know the application.",
        "Check client_id and the tenant's id in the config, and that an admin of the tenant consented to the app.";
    SignInAppDisabled = "sign-in.app-disabled", TenantAdmin, false,
        "The application is disabled in the tenant.",
        "Enable the enterprise application in Microsoft Entra, then retry.";
    SignInTenantUnknown = "sign-in.tenant-unknown", Operator, false,
        "Microsoft Entra does not know the tenant, or it lives in another cloud.",
        "Check the tenant's id and cloud in the config.";
    SignInCredentialRefused = "sign-in.credential-refused", TenantAdmin, false,
        "Microsoft Entra refuses the credential.",
        "Check that the certificate or federated credential is registered for the application, and the host's clock.";
    SignInClockOff = "sign-in.clock-off", Operator, false,
        "Microsoft Entra finds our credential outside of its time: the host's clock is off.",
        "Set the clock of the host that Seatless runs on (NTP), then retry.";
    SignInScopeRefused = "sign-in.scope-refused", Operator, false,
        "Microsoft Entra does not accept the scope that a token was asked for.",
        "Check graph_scope and power_platform_scope of the cloud in the config: one resource with /.default behind it; then retry.";
    SignInResourceUnknown = "sign-in.resource-unknown", Operator, false,
        "The tenant has no such service: the environment's URL is probably wrong.",
        "Compare the environment's url in the config with the one in the Power Platform admin center.";
    SignInRefused = "sign-in.refused", Operator, false,
        "Microsoft Entra refuses to issue a token.",
        "Look at the code in the message; the tenant's sign-in logs show the same attempt under its correlation id.";
    SignInSourceUnavailable = "sign-in.source-unavailable", Operator, true,
        "What Seatless signs in with is not there: a token file, the endpoint of a managed identity, or the Azure CLI.",
        "Seatless tries again; compare the tenant's sign_in in the config with where Seatless runs.";
    GraphNameTaken = "graph.name-taken", Requester, false,
        "A user with this name exists already, and Seatless did not make it.",
        "Cancel the request and submit it with another user name, or with on_existing: adopt if this very user shall become the account.";
    GraphAddressTaken = "graph.address-taken", Requester, false,
        "Another object of the directory has this user name as a mail address.",
        "Choose another user name, or remove the address from the other object, then retry.";
    GraphUserInvalid = "graph.user-invalid", Requester, false,
        "Microsoft Entra does not accept a value of the user.",
        "Look at the property that the message names, correct it and submit the request again.";
    GraphNotAdoptable = "graph.not-adoptable", Requester, false,
        "The existing user must not be adopted: it is synchronized from on premises or was made by another Seatless.",
        "Cancel the request and submit it with another user name.";
    GraphDomainInvalid = "graph.domain-invalid", Requester, false,
        "The domain of the user name is not a verified domain of the tenant.",
        "Cancel the request and submit it with one of the tenant's verified domains.";
    GraphPasswordRefused = "graph.password-refused", Seatless, true,
        "Microsoft Entra refuses the generated password.",
        "Seatless makes another one.";
    GraphPermissionMissing = "graph.permission-missing", TenantAdmin, false,
        "The application lacks a Microsoft Graph permission.",
        "Grant User.ReadWrite.All, LicenseAssignment.ReadWrite.All and Organization.Read.All with admin consent, then retry.";
    GraphPasswordForbidden = "graph.password-forbidden", TenantAdmin, false,
        "Microsoft Entra does not let the application set this user's password.",
        "Grant User-PasswordProfile.ReadWrite.All with admin consent, and give the application the directory role User Administrator; of an administrator, set the password by hand.";
    GraphQuotaExceeded = "graph.quota-exceeded", TenantAdmin, false,
        "The directory's object quota is used up.",
        "Remove objects (deleted users count for 30 days) or ask Microsoft for more, then retry.";
    GraphNoSeat = "graph.no-seat", TenantAdmin, true,
        "No license unit is free.",
        "Seatless waits for a seat; more seats, or unassigning unused ones, end the wait sooner.";
    GraphLicenseUnknown = "graph.license-unknown", Operator, false,
        "The tenant does not own this license.",
        "Check the license in the request and under [licenses] in the config against the tenant's subscriptions.";
    GraphLicenseConflict = "graph.license-conflict", TenantAdmin, false,
        "The license clashes with, or depends on, another license of the user.",
        "Look at the service plans that the message names; choose a license that stands alone.";
    GraphUsageLocationInvalid = "graph.usage-location-invalid", Requester, false,
        "The user's usage location does not allow the license.",
        "Cancel the request, set a valid usage_location (two letters, such as GB) and submit it again.";
    GraphLicenseInherited = "graph.license-inherited", TenantAdmin, false,
        "The license comes from a group and cannot be removed from the user.",
        "Take the user out of the licensing group, then retry.";
    GraphLicenseForeign = "graph.license-foreign", TenantAdmin, false,
        "The user holds the license, but Seatless did not assign it.",
        "Remove the license by hand if nobody needs it, then retry.";
    GraphNotInGroup = "graph.not-in-group", TenantAdmin, false,
        "The environment takes in only direct members of its security group, and the user is none.",
        "Add the user itself to the group (members of groups within it do not count), or set security_group = \"join\" for the environment in the config; then retry.";
    GraphGroupClosed = "graph.group-closed", TenantAdmin, false,
        "The application may not add the user to the environment's security group.",
        "Grant GroupMember.ReadWrite.All with admin consent, then retry; to a dynamic, synchronized or role-assignable group nobody can add it: change the group's rule, or give the environment another group.";
    GraphUserGone = "graph.user-gone", TenantAdmin, false,
        "The user has disappeared from the directory.",
        "Restore the user from the deleted users, then retry.";
    GraphUserDisabled = "graph.user-disabled", TenantAdmin, false,
        "The user is blocked from signing in.",
        "Allow sign-in for the user in Microsoft Entra, then retry.";
    GraphConcurrent = "graph.concurrent", Seatless, true,
        "Microsoft Graph is busy with another change of the same user.",
        "Seatless tries again.";
    GraphCallInvalid = "graph.call-invalid", Operator, false,
        "Microsoft Graph does not accept the call as Seatless made it.",
        "This is a fault of Seatless: report it with the message and the remote request ids.";
    GraphRefused = "graph.refused", Operator, false,
        "Microsoft Graph refuses the call for a reason Seatless does not know.",
        "Look at the message; quote the remote request id to Microsoft's support.";

    DataverseNoSlot = "dataverse.no-slot", EnvironmentAdmin, false,
        "The environment has all the non-interactive users it may have.",
        "Make one of its non-interactive users interactive or disable it, or choose another environment, then retry.";
    DataverseRoleUnknown = "dataverse.role-unknown", Requester, false,
        "The business unit has no security role of this name.",
        "Create the role in the environment and retry; or cancel the request, correct security_roles and submit it again.";
    DataverseBusinessUnitUnknown = "dataverse.business-unit-unknown", Requester, false,
        "The environment has no business unit of this name.",
        "Create the business unit in the environment and retry; or cancel the request, correct business_unit and submit it again.";
    DataversePrivilegeMissing = "dataverse.privilege-missing", EnvironmentAdmin, false,
        "Our application user lacks a privilege in the environment.",
        "Give the application user the System Administrator role in the environment, then retry.";
    DataverseNotMember = "dataverse.not-member", EnvironmentAdmin, false,
        "Our application is not a user of the environment.",
        "Create an application user for the app registration in the environment, then retry.";
    DataverseEnvironmentDisabled = "dataverse.environment-disabled", EnvironmentAdmin, false,
        "The environment is disabled.",
        "Enable the environment in the Power Platform admin center, then retry.";
    DataverseAdminMode = "dataverse.admin-mode", EnvironmentAdmin, true,
        "The environment is in administration mode.",
        "Seatless waits; turn administration mode off when the maintenance is over.";
    DataverseUserAmbiguous = "dataverse.user-ambiguous", EnvironmentAdmin, false,
        "The environment has several rows for this user, or one that belongs to another directory object.",
        "Remove the stale row in the environment, then retry.";
    DataverseNameHeld = "dataverse.name-held", EnvironmentAdmin, false,
        "A row of the environment has the user's name but belongs to another directory object, and keeps the user from arriving.",
        "See whose row it is (most often that of a deleted user with the same name); delete it or change its user name in the environment, then retry.";
    DataverseUserDisabled = "dataverse.user-disabled", EnvironmentAdmin, false,
        "The user's row in the environment is disabled.",
        "Check the environment's security group and the sign-in status of the user, then retry.";
    DataverseApplicationUser = "dataverse.application-user", Requester, false,
        "The row belongs to an application user, whose access mode cannot be changed.",
        "Cancel the request and submit it with another user name.";
    DataverseRoleRefused = "dataverse.role-refused", EnvironmentAdmin, false,
        "The environment refuses to assign the security role.",
        "Check that the role exists in the user's business unit and that the user is enabled, then retry.";
    DataverseUserMissing = "dataverse.user-missing", Seatless, true,
        "The user's row has disappeared from the environment.",
        "Seatless waits for it to come back.";
    DataverseUserUnlicensed = "dataverse.user-unlicensed", TenantAdmin, false,
        "The environment does not enable a user who has no license.",
        "Assign the license to the user again, then retry.";
    DataverseUserProtected = "dataverse.user-protected", EnvironmentAdmin, false,
        "The environment protects this user from the change: a special user, or its last full administrator.",
        "Choose another user name, or make another user administrator first, then retry.";
    DataverseConcurrent = "dataverse.concurrent", Seatless, true,
        "The row in the environment was changed by somebody else at the same time.",
        "Seatless reads it again and tries again.";
    DataverseNotAsWanted = "dataverse.not-as-wanted", Seatless, true,
        "The environment does not show what was written.",
        "Seatless looks again and writes what is missing.";
    DataverseCallInvalid = "dataverse.call-invalid", Operator, false,
        "Dataverse does not accept the call as Seatless made it.",
        "This is a fault of Seatless: report it with the message and the remote request ids.";
    DataverseRefused = "dataverse.refused", Operator, false,
        "Dataverse refuses the call for a reason Seatless does not know.",
        "Look at the message; quote the remote request id to Microsoft's support.";

    PowerPlatformNotRegistered = "powerplatform.not-registered", TenantAdmin, false,
        "The application is not registered with Power Platform, so it cannot ask for a sync; polling goes on.",
        "An admin registers it once with New-PowerAppManagementApp -ApplicationId.";
    PowerPlatformNotLicensedYet = "powerplatform.not-licensed-yet", Seatless, true,
        "Power Platform does not see the license yet.",
        "Seatless asks again.";
    PowerPlatformEnvironmentUnknown = "powerplatform.environment-unknown", Operator, false,
        "Power Platform does not know the environment.",
        "Check the environment's id in the config.";
    PowerPlatformNoDatabase = "powerplatform.no-database", Operator, false,
        "The environment has no Dataverse database.",
        "Name another environment in the config, or add a database to this one in the Power Platform admin center, then retry.";
    PowerPlatformRefused = "powerplatform.refused", EnvironmentAdmin, false,
        "Power Platform refuses to add the user; most often the user is not a direct member of the environment's security group.",
        "Check the security group of the environment; polling goes on meanwhile.";

    RemoteThrottled = "remote.throttled", Seatless, true,
        "The service asks us to slow down.",
        "Seatless waits as long as the service asks.";
    RemoteUnavailable = "remote.unavailable", Seatless, true,
        "The service cannot be reached or is not available.",
        "Seatless tries again; if it lasts, check the network and the addresses in the config.";
    RemoteUncertain = "remote.uncertain", Seatless, true,
        "The fate of a call is unknown.",
        "Seatless looks at the cloud before it does anything else.";
    RemoteUnreadable = "remote.unreadable", Operator, true,
        "The service answered with something that is not an answer to our question.",
        "Seatless tries again some times; if it lasts, check the addresses in the config and any proxy between.";
    RemoteUnauthorized = "remote.unauthorized", TenantAdmin, false,
        "The service refuses our token.",
        "Check that the tenant, the cloud and the environment's url in the config belong together.";

    MachineAttemptsExhausted = "machine.attempts-exhausted", Operator, false,
        "The step was tried as often as the policy allows.",
        "See what failed last (`seatless explain` with its code tells how to mend it), then retry.";
    MachineDeadlinePassed = "machine.deadline-passed", EnvironmentAdmin, false,
        "The user did not appear in the environment before the deadline.",
        "Check that the user is a direct member of the environment's security group and that the environment is enabled, then retry.";
    MachinePropagationSlow = "machine.propagation-slow", EnvironmentAdmin, true,
        "The user has not appeared in the environment for unusually long.",
        "Check that the user is a direct member of the environment's security group and that the environment is enabled; polling goes on.";
    MachineLicenseLost = "machine.license-lost", TenantAdmin, true,
        "The license that was assigned is gone from the user.",
        "Seatless assigns it again; find out who removes it if it happens repeatedly.";
    MachineRegressedTooOften = "machine.regressed-too-often", Operator, false,
        "Something keeps undoing this account's progress in the cloud.",
        "Find out who changes the user, then retry.";
    MachinePoisoned = "machine.poisoned", Operator, false,
        "Working on this request has ended the worker several times.",
        "Look at the logs around the last claims, then retry.";
    MachinePinnedElsewhere = "machine.pinned-elsewhere", Operator, false,
        "The config now points the environment's name at another tenant or organization than when the request was submitted.",
        "Put the former values back, or cancel the request and submit it again.";

    MachineRestoredUnclear = "machine.restored-unclear", Operator, false,
        "An older state of the database was put back, so nobody can tell whether the license of this adopted user is ours.",
        "Remove the license in the admin center if Seatless assigned it, and leave it if the user had it before; then retry.";

    MachineInapplicable = "machine.inapplicable", Operator, false,
        "The order means nothing to the request as it is.",
        "See how it stands with `seatless show`.";

    DriftUserDeleted = "drift.user-deleted", TenantAdmin, false,
        "The account's user was deleted from the directory.",
        "Restore it from the deleted users within 30 days, then `seatless verify --heal`; or let the account go.";
    DriftUserDisabled = "drift.user-disabled", TenantAdmin, false,
        "The account's user is blocked from signing in.",
        "Allow sign-in for the user in Microsoft Entra if it was blocked by mistake, then `seatless verify --heal`.";
    DriftLicensed = "drift.licensed", TenantAdmin, false,
        "The account's user holds the temporary license again, and Seatless did not assign it.",
        "Remove the license from the user in Microsoft Entra if nobody needs it.";
    DriftLicensedByGroup = "drift.licensed-by-group", TenantAdmin, false,
        "A group gives the account's user the temporary license.",
        "Take the user out of the licensing group if nobody needs it there.";
    DriftRowMissing = "drift.row-missing", EnvironmentAdmin, false,
        "The account has disappeared from the environment.",
        "`seatless verify --heal` brings it back with a license lent once more.";
    DriftRowDisabled = "drift.row-disabled", EnvironmentAdmin, false,
        "The account is disabled in the environment.",
        "`seatless verify --heal` enables it with a license lent once more.";
    DriftAccessMode = "drift.access-mode", EnvironmentAdmin, false,
        "The account's access mode is no longer Non-interactive.",
        "`seatless verify --heal` sets it again.";
    DriftBusinessUnit = "drift.business-unit", EnvironmentAdmin, false,
        "The account was moved to another business unit.",
        "`seatless verify --heal` moves it back; if the move was meant, leave it.";
    DriftRoles = "drift.roles", EnvironmentAdmin, false,
        "The account lacks a security role that was asked for.",
        "`seatless verify --heal` gives it again.";

    CredentialsNotMade = "credentials.not-made", Seatless, true,
        "The user does not exist yet, or the directory does not show it yet.",
        "Try again in some minutes; `seatless show` tells how its request stands.";
    CredentialsNotOurs = "credentials.not-ours", Requester, false,
        "Seatless did not make the user, so its password is left alone.",
        "Ask whoever owns the user for its password.";
    CredentialsNoneKept = "credentials.none-kept", Operator, false,
        "No password of the user is kept.",
        "`seatless credentials rotate` makes a new one.";
    CredentialsAcknowledged = "credentials.acknowledged", Operator, false,
        "The password was handed over and acknowledged, so it is not kept any more.",
        "Ask whoever acknowledged it (`seatless show` tells), or make a new one with `seatless credentials rotate`.";
    CredentialsNotTaken = "credentials.not-taken", Operator, false,
        "The password that is kept was never handed over, so it was not destroyed.",
        "Take it first with `seatless credentials take`.";
    CredentialsNoRecipient = "credentials.no-recipient", Operator, false,
        "There is no public key to which a new password could be sealed.",
        "Set credentials.recipients in the config (age-keygen makes a pair of keys), restart the daemon, then try again.";
    CredentialsRotationUncertain = "credentials.rotation-uncertain", Operator, false,
        "Nobody knows whether the new password was set.",
        "The former and the new one are kept, and `seatless credentials take` gives both; rotate again after two minutes to be certain.";
    CredentialsCopyUnconfirmed = "credentials.copy-unconfirmed", Operator, false,
        "This database is a copy, and the original may still be in use.",
        "Rotate with the original; or, if this copy takes its place, say so with `seatless sweep --confirm` first.";
    CredentialsRotationPending = "credentials.rotation-pending", Seatless, true,
        "A rotation that was begun just now may still be on its way.",
        "Try again in two minutes.";

    SweepDue = "sweep.due", Seatless, true,
        "A license of ours has appeared after its request was done with it.",
        "The next sweep takes it back.";
    SweepUnconfirmed = "sweep.unconfirmed", Operator, false,
        "A license was found that may be ours, and this database may not know everything that was done.",
        "Look at the list of `seatless sweep`; `seatless sweep --confirm` says that what it lists is ours, and takes it back.";
    SweepOrphan = "sweep.orphan", TenantAdmin, false,
        "A user carries our marker, but no request of ours knows it.",
        "Submit a request for its name again, which takes it over, or delete it in Microsoft Entra.";

    ConfigInvalid = "config.invalid", Operator, false,
        "The config is not acceptable.",
        "Correct the key that is named; `seatless init --print` shows every key with its default.";
    StoreLocked = "store.locked", Operator, false,
        "Another process works on this database.",
        "Stop it first, or let it do the work.";
    StoreUnreadable = "store.unreadable", Operator, false,
        "The database cannot be opened.",
        "Check that the path in store.url exists and that this user may read and write it.";
    StoreBusy = "store.busy", Seatless, true, "The database is locked by another program.",
        "End the program that holds the database open, then try again.";
    StoreFull = "store.full", Operator, false,
        "The disk, or the database's size limit, is full; nothing was lost.",
        "Free space; work goes on by itself.";
    StoreSchemaNewer = "store.schema-newer", Operator, false,
        "The database was written by a newer version of Seatless.",
        "Use that version, or a later one.";
    StoreLibraryUnsafe = "store.library-unsafe", Operator, false,
        "The SQLite library has a bug that can corrupt the database.",
        "Use a build with SQLite 3.51.3 or later.";
    StoreCorrupt = "store.corrupt", Operator, false,
        "A stored row contradicts the rules of the machine.",
        "Stop the daemon, keep a copy of the database, and restore the last good backup.";
    StoreUnreachable = "store.unreachable", Seatless, true,
        "The database server cannot be reached, or takes no writes.",
        "The daemon goes on as soon as it can; if it lasts, look at the server, the network, and store.url.";
    StoreReplaced = "store.replaced", Operator, false,
        "The database was replaced while it was worked on.",
        "Start the daemon again: it looks at every open request before it writes anything; then see `seatless sweep`.";
    StoreMoved = "store.moved", Operator, false, "The database was moved to another one, and takes no more writes.",
        "Name the other one in store.url of the config, or with --store.";
    StoreFailed = "store.failed", Operator, false,
        "The database refused an operation.",
        "Look at the message and at the host's disk.";
    SocketInUse = "socket.in-use", Operator, false,
        "The daemon's socket or port is taken.",
        "Stop the other process, or choose another address in the config.";
    SocketUnreachable = "socket.unreachable", Operator, false,
        "A daemon holds the database but does not answer on its socket.",
        "Check daemon.socket in the config and the daemon's log.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no code.
#[derive(Debug, thiserror::Error)]
#[error("no failure code is called {0:?}")]
pub struct UnknownCode(pub String);

impl FromStr for Code {
    type Err = UnknownCode;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Code::ALL.iter().copied().find(|code| code.as_str() == text);
        known.ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_kebab_case_with_an_area_and_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            let (area, reason) = text.split_once('.').unwrap();
            for part in [area, reason] {
                assert!(part.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{text}");
                assert!(!part.starts_with('-') && !part.ends_with('-') && !part.is_empty(), "{text}");
            }
            assert!(seen.insert(text), "{text} stands twice");
            assert_eq!(text.parse::<Code>().unwrap(), *code);
            assert!(code.row().sentence.ends_with('.') && code.row().hint.ends_with('.'), "{text}");
        }
    }
}
