//! Every data point: its name, its type, what it means, and where it comes from.

/// What kind of value a data point has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number of things.
    Count,
    /// Any number.
    Number,
    /// An amount of money, in the contact's `currency`.
    Money,
    /// An instant.
    Time,
    /// A day of the calendar.
    Day,
    /// A text.
    Text,
}

impl Kind {
    /// The kind's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Number => "number",
            Self::Money => "money",
            Self::Time => "time",
            Self::Day => "day",
            Self::Text => "text",
        }
    }
}

macro_rules! points {
    ($($variant:ident $name:literal $kind:ident $meaning:literal $source:literal;)*) => {
        /// A data point.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Point { $(#[doc = $meaning] $variant,)* }

        impl Point {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name, in segments, templates and columns.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What kind of value it has.
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }

            /// What it means, for people.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// The events or fields that it comes from, or `derived` for what is worked out when it is asked for.
            pub const fn source(self) -> &'static str {
                match self { $(Self::$variant => $source,)* }
            }
        }
    };
}

points! {
    // The contact.
    ContactSince "contact_since" Time "When the contact came into the list" "contact";
    Country "country" Text "Country of the number, two letters" "contact";
    Language "language" Text "Language of the contact's locale" "contact";
    Birthday "birthday" Day "Birthday" "attribute birthday";
    // Everything that happened.
    Events "events" Count "Events of all types" "any event";
    LastEventAt "last_event_at" Time "Last event of any type" "any event";
    FirstActiveAt "first_active_at" Time "First thing that the contact did" "purchase, visit, product_viewed, cart_updated, clicked, replied and the like";
    LastActiveAt "last_active_at" Time "Last thing that the contact did" "purchase, visit, product_viewed, cart_updated, clicked, replied and the like";
    // Purchases.
    Purchases "purchases" Count "Purchases" "purchase";
    FirstPurchaseAt "first_purchase_at" Time "First purchase" "purchase";
    LastPurchaseAt "last_purchase_at" Time "Last purchase" "purchase";
    LifetimeValue "lifetime_value" Money "All purchases in the contact's currency, less what was paid back" "purchase, refunded";
    LastPurchaseValue "last_purchase_value" Money "The last purchase's amount" "purchase";
    LargestPurchaseValue "largest_purchase_value" Money "The largest purchase's amount" "purchase";
    Currency "currency" Text "The contact's currency: that of the first purchase or cart" "purchase, cart_updated";
    ProductsBought "products_bought" Count "Pieces bought" "purchase";
    LastProduct "last_product" Text "First product of the last purchase" "purchase";
    LastProductCategory "last_product_category" Text "Category of that product" "purchase";
    CouponsUsed "coupons_used" Count "Purchases with a coupon" "purchase with the property coupon";
    Refunds "refunds" Count "Purchases paid back" "refunded";
    RefundedValue "refunded_value" Money "Amounts paid back" "refunded";
    LastRefundAt "last_refund_at" Time "Last pay-back" "refunded";
    // Visits.
    Visits "visits" Count "Visits" "visit";
    FirstVisitAt "first_visit_at" Time "First visit" "visit";
    LastVisitAt "last_visit_at" Time "Last visit" "visit";
    ProductsViewed "products_viewed" Count "Products looked at" "product_viewed";
    LastViewedAt "last_viewed_at" Time "When a product was last looked at" "product_viewed";
    LastViewedProduct "last_viewed_product" Text "The product last looked at" "product_viewed";
    LastViewedCategory "last_viewed_category" Text "Category of that product" "product_viewed";
    LastViewedUrl "last_viewed_url" Text "Page of that product" "product_viewed";
    // The cart.
    CartUpdatedAt "cart_updated_at" Time "When the cart that waits now was last changed" "cart_updated; goes with a purchase";
    CartValue "cart_value" Money "Amount of the cart that waits now" "cart_updated; goes with a purchase";
    CartItems "cart_items" Count "Pieces in the cart that waits now" "cart_updated; goes with a purchase";
    CartProduct "cart_product" Text "First product in the cart that waits now" "cart_updated; goes with a purchase";
    CartUrl "cart_url" Text "Address that brings the cart back" "cart_updated, property url; goes with a purchase";
    Carts "carts" Count "Changes of carts" "cart_updated";
    // Orders.
    LastOrder "last_order" Text "The last order's number" "any order event, property order, else the event's id";
    OrderStatus "order_status" Text "placed, shipped, out_for_delivery or delivered" "purchase, order_shipped, order_out_for_delivery, order_delivered";
    OrderShippedAt "order_shipped_at" Time "When an order last left" "order_shipped";
    OrderDeliveredAt "order_delivered_at" Time "When an order last arrived" "order_delivered";
    DeliveryExpectedOn "delivery_expected_on" Day "When the last order shipped is to arrive" "order_shipped, property expected_on";
    TrackingUrl "tracking_url" Text "Where the last order shipped can be followed" "order_shipped, property tracking_url";
    // The loyalty programme.
    LoyaltySince "loyalty_since" Time "When the contact joined the loyalty programme" "loyalty_joined, else the first points_changed";
    PointsBalance "points_balance" Number "Points to spend" "points_changed, property balance or change";
    PointsEarned "points_earned" Number "Points ever earned" "points_changed, property change above 0";
    PointsRedeemed "points_redeemed" Number "Points ever spent" "points_changed, property change below 0";
    PointsExpired "points_expired" Number "Points that ran out" "points_changed with reason expired";
    PointsExpiring "points_expiring" Number "Points that expire next" "points_changed, property expiring";
    PointsExpireOn "points_expire_on" Day "When they expire" "points_changed, property expires_on";
    LastPointsAt "last_points_at" Time "When the points last changed" "points_changed";
    LastRedeemedAt "last_redeemed_at" Time "When points were last spent" "points_changed, property change below 0";
    Tier "tier" Text "Tier of the loyalty programme" "points_changed or tier_changed, property tier";
    NextTier "next_tier" Text "The tier above" "points_changed or tier_changed, property next_tier";
    NextTierDistance "next_tier_distance" Number "Points that it lacks" "points_changed or tier_changed, property next_tier_distance";
    // Referrals.
    Referrals "referrals" Count "People whom the contact brought" "referral";
    LastReferralAt "last_referral_at" Time "When the last of them came" "referral";
    ReferralCode "referral_code" Text "The contact's own code" "referral or referral_code, property code";
    // Messages.
    MessagesSent "messages_sent" Count "Texts sent" "message_sent";
    LastMessageAt "last_message_at" Time "Last text sent" "message_sent";
    MessagesDelivered "messages_delivered" Count "Texts that arrived" "message_delivered";
    LastDeliveredAt "last_delivered_at" Time "Last text that arrived" "message_delivered";
    Clicks "clicks" Count "Links followed" "clicked";
    LastClickAt "last_click_at" Time "Last link followed" "clicked";
    Replies "replies" Count "Texts that the contact sent" "replied";
    LastReplyAt "last_reply_at" Time "Last text from the contact" "replied";
    LastMailOpenedAt "last_mail_opened_at" Time "Last mail opened" "mail_opened";
    // Other.
    NextAppointmentAt "next_appointment_at" Time "The appointment booked last" "appointment_booked, property at; goes with appointment_canceled";
    RenewalOn "renewal_on" Day "When the subscription is to be renewed" "subscription_changed, property renews_on";
    Feedbacks "feedbacks" Count "Opinions given" "feedback";
    LastFeedbackAt "last_feedback_at" Time "Last opinion given" "feedback";
    LastRating "last_rating" Number "Its rating" "feedback, property rating";
    // Worked out when asked for.
    DaysInactive "days_inactive" Count "Days of the contact's calendar since the last thing the contact did" "derived";
    DaysSinceJoined "days_since_joined" Count "Days since the contact came into the list" "derived";
    DaysSincePurchase "days_since_purchase" Count "Days since the last purchase" "derived";
    DaysSinceVisit "days_since_visit" Count "Days since the last visit" "derived";
    DaysSinceClick "days_since_click" Count "Days since a link was last followed" "derived";
    DaysSinceReply "days_since_reply" Count "Days since the contact last wrote" "derived";
    DaysSinceMessage "days_since_message" Count "Days since the last text was sent" "derived";
    DaysUntilBirthday "days_until_birthday" Count "Days until the next birthday; 0 is today" "derived";
    DaysUntilPointsExpire "days_until_points_expire" Count "Days until points expire; 0 is today, below 0 they have" "derived";
    DaysUntilRenewal "days_until_renewal" Count "Days until the subscription is to be renewed" "derived";
    DaysUntilAppointment "days_until_appointment" Count "Days until the appointment; 0 is today" "derived";
    HoursSinceCart "hours_since_cart" Count "Full hours since the cart that waits now was changed" "derived";
    AveragePurchaseValue "average_purchase_value" Money "Lifetime value by purchase" "derived";
    UsualIntervalDays "usual_interval_days" Number "Usual days from one purchase to the next, from two purchases on" "derived";
    DaysOverdue "days_overdue" Number "Days since the last purchase beyond the usual interval; below 0 it is not yet time" "derived";
    NextPurchaseExpectedAt "next_purchase_expected_at" Time "When the next purchase is to be expected by the usual interval" "derived";
    ClickRate "click_rate" Number "Links followed by texts sent" "derived";
    ReplyRate "reply_rate" Number "Texts from the contact by texts sent" "derived";
}
