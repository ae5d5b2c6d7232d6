-- breaks: nothing
-- Proofs of a device key (RFC 9449) that were taken: none is taken twice, whichever process it comes to.

CREATE TABLE landfall."dpopProof" (
  hash text COLLATE "C" PRIMARY KEY,
  "expiresAt" timestamptz(3) NOT NULL
);
CREATE INDEX "dpopProof_expiresAt" ON landfall."dpopProof" ("expiresAt");
COMMENT ON TABLE landfall."dpopProof" IS 'SHA-256 of key thumbprint and jti; kept for as long as the proof would be taken.';
