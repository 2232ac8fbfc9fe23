-- A contact may have had a code of a pool before, which is valid no more: a birthday comes every year.
ALTER TABLE coupon ADD COLUMN past INTEGER NOT NULL DEFAULT 0;
DROP INDEX coupon_holder;
CREATE UNIQUE INDEX coupon_holder ON coupon (pool, number) WHERE number IS NOT NULL AND past = 0;
