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
    "AE.yaml" "AR.yaml" "AT.yaml" "AU.yaml" "BR.yaml" "CA.yaml" "CH.yaml" "CL.yaml" "CO.yaml" "DE.yaml"
    "EG.yaml" "ES.yaml" "EU.yaml" "FR.yaml" "GB.yaml" "HK.yaml" "HU.yaml" "ID.yaml" "IE.yaml" "IL.yaml"
    "IN.yaml" "IS.yaml" "IT.yaml" "JP.yaml" "KE.yaml" "KR.yaml" "LI.yaml" "MX.yaml" "MY.yaml" "NG.yaml"
    "NO.yaml" "NZ.yaml" "PE.yaml" "PH.yaml" "PL.yaml" "PT.yaml" "RS.yaml" "SA.yaml" "SG.yaml" "STRICT.yaml"
    "TH.yaml" "TR.yaml" "TW.yaml" "UA.yaml" "US.yaml" "VN.yaml" "ZA.yaml" "product-groups.yaml"
    "data/holidays.csv" "data/numbering.csv" "data/zones.csv"
}
