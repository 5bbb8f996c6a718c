"""The addresses of signing in, beside the admin's. Only what the house uses: no sign-up, no mail."""

from allauth.account import views as account
from django.urls import include, path
from django.views.generic import RedirectView

from streamhub.signin import views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="mfa_index"), name="signin_root"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("confirm/", views.confirm, name="account_reauthenticate"),
    path("confirm/provider/", views.confirm_by_provider, name="signin_confirm_provider"),
    path("provider/<provider_id>/login/", views.to_provider, name="openid_connect_login"),
    path("provider/<provider_id>/callback/", views.from_provider, name="openid_connect_callback"),
    path("2fa/authenticate/", views.SecondFactorView.as_view(), name="mfa_authenticate"),
    path("2fa/reauthenticate/", views.confirm_by_code, name="mfa_reauthenticate"),
    path("2fa/", include("allauth.mfa.urls")),
]
