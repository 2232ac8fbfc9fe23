-- What could not be read of a receipt.
ALTER TABLE early_receipt ADD COLUMN octets BLOB;
-- When a person wrote, by the network's clock.
ALTER TABLE inbound ADD COLUMN sent_at INTEGER;
