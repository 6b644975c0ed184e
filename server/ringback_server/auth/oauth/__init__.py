"""The OAuth 2.0 authorization server: clients, grants, sessions and what is told of tokens.

RFC 6749, 7009, 7523, 7636, 7662, 8414, 8628, and the advice of RFC 9700. The grant by an
assertion that Google's libraries use is `auth.grants`.
"""
