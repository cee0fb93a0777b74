//! The packs this program was built with, for those who do not keep their own.

use crate::File;

macro_rules! bundle {
    ($($name:literal)*) => {
        /// The shipped packs and their data.
        #[must_use]
        pub fn bundled() -> Vec<File> {
            vec![$(File {
                name: String::from($name),
                text: String::from(include_str!(concat!("../../../policies/", $name))),
            }),*]
        }
    };
}

bundle! {
    "AU.yaml" "BR.yaml" "CA.yaml" "DE.yaml" "ES.yaml" "EU.yaml" "FR.yaml" "GB.yaml" "IN.yaml" "IT.yaml" "JP.yaml"
    "NZ.yaml" "SG.yaml" "STRICT.yaml" "US.yaml" "ZA.yaml" "product-groups.yaml" "data/holidays.csv"
    "data/numbering.csv" "data/zones.csv"
}
