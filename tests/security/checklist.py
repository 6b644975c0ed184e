"""RFC 8725 and RFC 9068 item by item, each with the tests that prove it.

A test is named by its file below tests/ and its function. What is new in the places that take
tokens belongs here: tests/security/test_checklist.py refuses sections without an item, items
without a test, and attacks in tests/security/test_token_*.py that no item names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SHAPES: Final = "auth/test_shapes.py"
ACCESS: Final = "auth/test_access_tokens.py"
SELF: Final = "auth/test_self_signed.py"
GRANTS: Final = "auth/test_grants.py"
ISSUER: Final = "auth/test_issuer.py"
KEYS: Final = "auth/test_keys.py"
FORGED: Final = "security/test_token_forgeries.py"
FORMS: Final = "security/test_token_forms.py"
CONFUSION: Final = "security/test_token_confusion.py"
OAUTH: Final = "security/test_token_confusion_at_oauth.py"
FOREIGN: Final = "auth/test_external_tokens.py"
FOREIGN_FORGED: Final = "auth/test_external_forgeries.py"
KEY_SETS: Final = "auth/test_key_sets.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that a document asks for, or that attackers try."""

    rfc: int
    section: str
    item: str
    #: FILE::FUNCTION
    tests: tuple[str, ...]


def _of(rfc: int, section: str, item: str, *tests: tuple[str, str]) -> Item:
    named = tuple(f"{file}::test_{name}" for file, name in tests)
    return Item(rfc=rfc, section=section, item=item, tests=named)


_BEARER = "bearer_is_refused_when"
_ACCESS = "access_token_is_refused"
_ACCOUNT = "account_token_is_refused"

#: sections of the documents that ask something of who verifies or issues tokens
SECTIONS: Final = {
    8725: (
        *(f"3.{number}" for number in range(1, 13)),
        *(f"2.{number}" for number in (1, 3, 4, 5, 6, 7, 8)),
    ),
    9068: ("2.1", "2.2", "2.2.1", "2.2.2", "2.2.3", "3", "4", "5", "6"),
}

ITEMS: Final = (
    # RFC 8725, 2: threats
    _of(8725, "2.1", "alg none, in every spelling", (SHAPES, f"{_BEARER}_its_algorithm_is_none")),
    _of(
        8725,
        "2.1",
        "RS256 or ES256 taken for HS256, with the public key in PEM, DER or JWK as the secret",
        (SHAPES, f"{_BEARER}_a_public_key_served_as_hmac_secret"),
        (FORGED, "token_is_refused_when_a_public_key_is_its_secret"),
    ),
    _of(
        8725,
        "2.3",
        "nested tokens: encrypted ones, and ones in another",
        (SHAPES, f"{_BEARER}_it_is_no_token"),
        (SHAPES, f"{_BEARER}_its_header_brings_a_key_or_extension"),
        (FORMS, "token_is_refused_when_it_is_nested"),
    ),
    _of(
        8725,
        "2.4",
        "zero ECDSA signatures (r or s zero)",
        (SHAPES, f"{_BEARER}_its_signature_is_degenerate"),
    ),
    _of(
        8725,
        "2.4",
        "ECDSA signatures out of range (r or s at or above the order)",
        (FORGED, "token_is_refused_when_r_or_s_is_out_of_range"),
    ),
    _of(
        8725,
        "2.4",
        "a second signature of the same token, which anyone can make of the first",
        (FORGED, "token_keeps_its_id_when_its_signature_is_mirrored"),
    ),
    _of(
        8725,
        "2.4",
        "ECDSA signatures in DER",
        (SHAPES, f"{_BEARER}_its_signature_is_in_der"),
        (FORGED, "token_is_refused_when_its_own_signature_is_in_der"),
    ),
    _of(
        8725,
        "2.4",
        "signatures that are empty, short, long or huge",
        (SHAPES, f"{_BEARER}_it_is_no_token"),
        (SHAPES, f"{_BEARER}_its_signature_is_degenerate"),
        (FORGED, "token_is_refused_when_its_signature_has_another_length"),
    ),
    _of(
        8725,
        "2.5",
        "several encodings of JSON: other bytes than UTF-8, byte order marks, escapes of names",
        (SHAPES, f"{_BEARER}_its_header_is_no_object"),
        (FORMS, "token_is_refused_when_its_json_is_read_in_two_ways"),
    ),
    _of(
        8725,
        "2.6",
        "a token with a claim or header member twice",
        (SHAPES, f"{_BEARER}_a_header_member_is_repeated"),
        (SHAPES, f"{_BEARER}_a_claim_is_repeated"),
        (FORMS, "token_is_refused_when_its_json_is_read_in_two_ways"),
    ),
    _of(
        8725,
        "2.7",
        "one kind of token in the place of another",
        (CONFUSION, "token_when_it_is_sent_where_another_belongs"),
        (OAUTH, "token_when_it_is_sent_to_the_authorization_server"),
        (FOREIGN_FORGED, "tokens_are_never_taken_for_another_kind"),
    ),
    _of(
        8725,
        "2.8",
        "requests to where a header points: jku, x5u",
        (SHAPES, f"{_BEARER}_its_header_brings_a_key_or_extension"),
        (FORGED, "token_is_refused_when_it_brings_its_own_key"),
    ),
    # RFC 8725, 3: best practices
    _of(
        8725,
        "3.1",
        "a fixed list of algorithms, one for each kind of token and of key",
        (SHAPES, f"{_BEARER}_its_algorithm_is_another"),
        (SELF, f"{_ACCOUNT}_when_its_algorithm_is_another"),
        (SELF, f"{_ACCOUNT}_when_its_key_is_of_another_kind"),
    ),
    _of(
        8725,
        "3.2",
        "no weak keys and curves",
        (KEYS, "public_key_is_refused_when_weak_or_of_another_kind"),
        (KEYS, "private_key_is_refused_without_a_word_of_it"),
    ),
    _of(
        8725,
        "3.3",
        "all cryptographic operations are validated: a changed character anywhere is refused",
        ("auth/test_fuzz.py", "authenticate_refuses_when_any_character_is_changed"),
    ),
    _of(
        8725,
        "3.4",
        "inputs to the signature check are of their one form",
        (SHAPES, f"{_BEARER}_its_signature_is_degenerate"),
        (FORGED, "token_is_refused_when_its_signature_has_another_length"),
    ),
    _of(
        8725,
        "3.2",
        "keys of others: of the right use, key_ops, kind, curve, size and exponent",
        (KEY_SETS, "key_counts_when_it_is_for_signatures"),
        (KEY_SETS, "key_is_left_out_when_there_is_any_doubt"),
        (KEY_SETS, "rsa_key_is_left_out_when_it_is_short"),
        (KEY_SETS, "rsa_key_is_left_out_when_its_exponent_is_odd"),
        (KEY_SETS, "rsa_key_is_left_out_when_it_is_huge"),
        (KEY_SETS, "elliptic_key_is_left_out_when_it_is_not_on_the_curve"),
    ),
    _of(
        8725,
        "3.1",
        "tokens of others: the algorithms that their issuer's entry allows, with its keys",
        (FOREIGN, "external_token_is_refused_when_its_entry_narrows_the_algorithms"),
        (FOREIGN_FORGED, "external_token_is_refused_when_its_algorithm_is_not_allowed"),
        (FOREIGN_FORGED, "external_token_is_refused_when_an_allowed_algorithm_is_another_keys"),
        (FOREIGN_FORGED, "external_token_is_refused_when_the_public_key_served_as_a_secret"),
    ),
    _of(
        8725,
        "3.8",
        "tokens of others: one issuer's keys are good for its tokens alone",
        (FOREIGN_FORGED, "external_token_is_refused_when_another_issuers_key_signed_it"),
        (FOREIGN, "external_token_cannot_name_one_of_our_accounts"),
    ),
    _of(
        8725,
        "3.9",
        "tokens of others: our audience is among theirs, and claims are what the entry says",
        (FOREIGN, "external_token_is_refused_when_a_claim_is_wrong"),
        (FOREIGN, "external_token_is_refused_when_a_required_claim_is_wrong"),
    ),
    _of(
        8725,
        "3.10",
        "tokens of others bring no keys, and their `kid` is looked up in the issuer's set alone",
        (FOREIGN_FORGED, "external_token_is_refused_when_its_header_brings_a_key"),
        (FOREIGN_FORGED, "external_token_is_refused_when_its_own_key_is_in_the_header"),
        (FOREIGN, "external_token_is_refused_once_its_key_is_gone"),
    ),
    _of(
        8725,
        "3.11",
        "tokens of others: their types, and none of ours",
        (FOREIGN, "external_token_is_refused_when_it_is_of_another_type"),
    ),
    _of(
        9068,
        "2.2",
        "tokens of others: valid now, and not for too long",
        (FOREIGN, "external_token_is_refused_when_it_is_not_valid_now"),
        (FOREIGN, "external_token_is_refused_when_it_is_valid_for_too_long"),
    ),
    _of(8725, "3.5", "keys with enough entropy", (KEYS, "new_keys_are_named_by_their_thumbprint")),
    _of(
        8725,
        "3.6",
        "nothing compressed is read",
        (SHAPES, f"{_BEARER}_its_header_brings_a_key_or_extension"),
    ),
    _of(
        8725,
        "3.7",
        "UTF-8 alone",
        (SHAPES, f"{_BEARER}_its_claims_are_no_object"),
        (FORMS, "token_is_refused_when_its_json_is_read_in_two_ways"),
    ),
    _of(
        8725,
        "3.8",
        "issuer and subject are checked, and the key belongs to the issuer",
        (ACCESS, f"{_ACCESS}_when_a_claim_is_wrong"),
        (ACCESS, f"{_ACCESS}_when_it_comes_from_another_instance"),
        (SELF, f"{_ACCOUNT}_under_the_key_of_another_account"),
    ),
    _of(
        8725,
        "3.8",
        "an account speaks for itself alone",
        (SELF, f"{_ACCOUNT}_when_a_claim_is_wrong"),
    ),
    _of(
        8725,
        "3.9",
        "the audience is one text and ours to the letter",
        (ACCESS, f"{_ACCESS}_when_a_claim_is_wrong"),
        (SELF, f"{_ACCOUNT}_when_a_claim_is_wrong"),
        (GRANTS, "assertion_is_refused_when_a_claim_is_wrong"),
    ),
    _of(
        8725,
        "3.10",
        "kid is looked up and never run, opened or requested: paths, SQL, URLs, sizes, controls",
        (SHAPES, f"{_BEARER}_its_key_is_unknown"),
        (FORGED, "token_is_refused_when_its_kid_is_an_injection"),
    ),
    _of(
        8725,
        "3.10",
        "no header brings a key: jku, jwk, x5u, x5c, x5t",
        (SHAPES, f"{_BEARER}_its_header_brings_a_key_or_extension"),
        (FORGED, "token_is_refused_when_it_brings_its_own_key"),
    ),
    _of(
        8725,
        "3.10",
        "no header changes what is signed: crit, b64",
        (SHAPES, f"{_BEARER}_its_header_brings_a_key_or_extension"),
        (FORGED, "token_is_refused_when_its_payload_is_not_encoded"),
    ),
    _of(
        8725,
        "3.11",
        "explicit types",
        (ACCESS, f"{_ACCESS}_when_typed_otherwise"),
        (SELF, f"{_ACCOUNT}_when_typed_otherwise"),
    ),
    _of(
        8725,
        "3.12",
        "rules that exclude one another for each kind of token",
        (CONFUSION, "token_when_it_is_sent_where_another_belongs"),
        (ACCESS, "id_token_is_refused_as_bearer"),
        (SELF, "assertion_is_refused_as_bearer"),
    ),
    # RFC 9068
    _of(9068, "2.1", "typ is at+jwt", (ISSUER, "access_token_follows_rfc_9068")),
    _of(
        9068,
        "2.1",
        "signed, and never with none",
        (SHAPES, f"{_BEARER}_its_algorithm_is_none"),
    ),
    _of(
        9068,
        "2.2",
        "iss, exp, aud, sub, client_id, iat and jti are there",
        (ISSUER, "access_token_follows_rfc_9068"),
        (ACCESS, f"{_ACCESS}_when_a_claim_is_wrong"),
        (ACCESS, f"{_ACCESS}_when_a_time_is_missing"),
    ),
    _of(
        9068,
        "2.2",
        "exp, iat and nbf are whole seconds: no fraction, text, sign, NaN or overflow",
        (ACCESS, f"{_ACCESS}_when_a_time_is_no_whole_second"),
    ),
    _of(9068, "2.2", "lifetimes end", (ISSUER, f"{_ACCESS}_when_its_lifetime_is_out_of_range")),
    _of(9068, "2.2", "an hour for what accounts sign", (SELF, f"{_ACCOUNT}_when_a_claim_is_wrong")),
    _of(
        9068,
        "2.2.1",
        "a token is that of one account",
        (FORMS, "token_is_refused_when_its_subject_is_switched"),
    ),
    _of(
        9068,
        "2.2.2",
        "identity claims grant nothing",
        (FORMS, "token_gets_nothing_when_it_claims_to_be_someone_else_too"),
    ),
    _of(
        9068,
        "2.2.3",
        "scope and permissions are of their form, and the right one is asked for",
        (ACCESS, f"{_ACCESS}_when_a_claim_is_wrong"),
        (ISSUER, f"{_ACCESS}_when_its_scope_does_not_open_the_service"),
    ),
    _of(
        9068,
        "3",
        "a token names what its account has, and no more",
        (ISSUER, f"{_ACCESS}_when_it_asks_for_more_than_is_granted"),
    ),
    _of(9068, "4", "typ is checked to the letter", (ACCESS, f"{_ACCESS}_when_typed_otherwise")),
    _of(9068, "4", "encrypted tokens are refused", (SHAPES, f"{_BEARER}_it_is_no_token")),
    _of(9068, "4", "iss is exactly ours", (ACCESS, f"{_ACCESS}_when_a_claim_is_wrong")),
    _of(9068, "4", "aud is exactly ours", (ACCESS, f"{_ACCESS}_when_a_claim_is_wrong")),
    _of(
        9068,
        "4",
        "the signature is ours",
        (ACCESS, f"{_ACCESS}_when_another_key_signed_it"),
        (ACCESS, f"{_ACCESS}_when_an_account_signed_it"),
    ),
    _of(
        9068,
        "4",
        "exp is in the future, but for the leeway",
        (ACCESS, "access_token_expires_after_the_leeway"),
        (ACCESS, f"{_ACCESS}_when_it_expires_before_it_begins"),
    ),
    _of(9068, "4", "iat and nbf are not", (ACCESS, f"{_ACCESS}_when_not_yet_valid")),
    _of(
        9068,
        "4",
        "base64url in its one form: no padding, no stray bits, no foreign characters, no space",
        (SHAPES, f"{_BEARER}_padded_or_spaced"),
        (SHAPES, f"{_BEARER}_a_segment_has_foreign_characters"),
        (SHAPES, f"{_BEARER}_its_last_bits_are_stray"),
    ),
    _of(
        9068,
        "4",
        "one token in one header, over each edge",
        (FORMS, "token_is_refused_when_another_header_has_a_second"),
        (FORMS, "token_is_refused_when_it_is_anywhere_else"),
    ),
    _of(
        9068,
        "4",
        "deep and large tokens cost nothing",
        (SHAPES, f"{_BEARER}_it_is_large"),
        (SHAPES, f"{_BEARER}_its_header_is_no_object"),
        (FORMS, "token_is_read_or_refused_when_its_claims_are_deep"),
    ),
    _of(
        9068,
        "5",
        "ID tokens, assertions, codes and access tokens are never one for another",
        (CONFUSION, "token_when_it_is_sent_where_another_belongs"),
        (OAUTH, "token_when_it_is_sent_to_the_authorization_server"),
    ),
    _of(
        9068,
        "5",
        "revocation counts at once",
        (ACCESS, f"{_ACCESS}_at_once_when_revoked"),
        (SELF, "account_token_is_revoked_by_its_hash_and_not_by_a_claim"),
    ),
    _of(
        9068,
        "6",
        "nothing of a token shows in logs and answers",
        (FORMS, "token_is_told_to_nobody_when_it_is_refused"),
    ),
)
