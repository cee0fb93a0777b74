"""Checks a proof that `consent-gate ledger prove` has written: python check_proof.py proof.json PUBLIC_KEY

The first part needs nothing but Python; the signature needs `cryptography`. The key must come from whom you trust, and not from the proof.
"""
import base64, hashlib, json, sys

proof = json.load(open(sys.argv[1], encoding="utf-8"))
sha256 = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
if proof["content"]:  # what was decided, as long as salt and record are there
    content = json.dumps(proof["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    committed = sha256(bytes.fromhex(proof["salt"]), content.encode()).hex()
    assert proof["entry"].split()[3] == committed, "the entry does not say that"
_, size, root = proof["checkpoint"].split("\n")[:3]
node, at, last = sha256(b"\0", proof["entry"].encode()), proof["index"], int(size) - 1
for beside in map(bytes.fromhex, proof["path"]):
    is_right = at % 2 or at == last
    node = sha256(b"\1", beside, node) if is_right else sha256(b"\1", node, beside)
    while is_right and at % 2 == 0 and at:
        at, last = at // 2, last // 2
    at, last = at // 2, last // 2
assert last == 0 and base64.b64encode(node).decode() == root, "the entry is not in the tree of that checkpoint"

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

name, _, key = (sys.argv[2] if len(sys.argv) > 2 else proof["public_key"]).split("+", 2)
text, signature = proof["checkpoint"].rsplit("\n\n", 1)
assert signature.startswith(f"\u2014 {name} "), "somebody else has signed the checkpoint"
signature = base64.b64decode(signature.split()[2])[4:]
Ed25519PublicKey.from_public_bytes(base64.b64decode(key)[1:]).verify(signature, (text + "\n").encode())
print(f"proven: {proof['entry']}")
